/** A scenario's command: does something to the world; what it shows is the transcript. */
import type { StoreRequest } from '../../src/base/store-request.js';
import type { Command } from './script.js';
import type { AskOptions, World } from './world.js';

export type Handler = (world: World, command: Command) => void;

/** The word at this place, which must be there. */
export function word(command: Command, index: number): string {
  const found = command.words[index];
  if (found === undefined) throw new Error(`${command.name}: word ${index + 1} is missing`);
  return found;
}

export function amount(command: Command, name: string): number | undefined {
  const text = command.options.get(name);
  return text === undefined ? undefined : Number(text);
}

/** Asks as the command says: `session=N`, `via=d`, `&`. */
export function ask(world: World, command: Command, request: StoreRequest): void {
  const options: AskOptions = {
    session: amount(command, 'session') ?? 1,
    via: command.options.get('via') ?? 'c',
    isDetached: command.isDetached,
  };
  world.ask(request, options);
}

/** `a->b` or `a<->b`: the paths meant. */
export function pathsOf(command: Command): [from: string, to: string][] {
  const match = /^(\w+)(<?)->(\w+)$/.exec(word(command, 0));
  const [, from = '', both = '', to = ''] = match ?? [];
  if (from === '' || to === '') throw new Error(`${command.name}: a path is written c->p1`);
  return both === ''
    ? [[from, to]]
    : [
        [from, to],
        [to, from],
      ];
}
