/** What CLIENT, COMMAND and CONFIG share as containers of subcommands. */
import { AssertionError } from '../base/assert.js';
import { answer } from './command.js';
import type { CommandContext, CommandOutcome, SubcommandDefinition } from './command.js';
import { array, simple } from './replies.js';

/** HELP: one line a subcommand, made from the container's own list. */
export function helpSubcommand(container: string): SubcommandDefinition {
  return {
    name: 'help',
    arity: 2,
    flags: ['loading', 'stale'],
    since: '5.0.0',
    syntax: `${container.toUpperCase()} HELP`,
    summary: 'List the subcommands',
    run: ({ args, registry }) => {
      const definition = registry.find(args, 0);
      const lines = definition?.subcommands.flatMap((subcommand) => [
        simple(subcommand.syntax),
        simple(`    ${subcommand.summary}.`),
      ]);
      return answer(array(lines ?? []));
    },
  };
}

/** For containers whose arity demands a subcommand: the dispatcher has chosen one by then. */
export function containerRun(context: CommandContext): CommandOutcome {
  throw new AssertionError(`${context.args.word(0)} ran without subcommand`);
}
