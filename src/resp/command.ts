/**
 * What a command is: a name, what COMMAND tells of it, and a function from its arguments to an
 * outcome. A command knows the client's state and the environment, never the session, the order of
 * replies or the store; what it asks of the store leaves as data and comes back as data.
 */
import { AssertionError } from '../base/assert.js';
import type { StoreReply, StoreRequest } from '../base/store-request.js';
import type { Arguments } from './arguments.js';
import type { ClientState, ReplyFormat } from './client-state.js';
import type { SessionEnvironment } from './environment.js';
import { storeError } from './error-replies.js';
import type { Reply } from './replies.js';

export type CommandFlag =
  | 'write'
  | 'readonly'
  | 'denyoom'
  | 'admin'
  | 'fast'
  | 'noscript'
  | 'loading'
  | 'stale'
  | 'no_auth'
  | 'allow_busy';

export type CommandGroup = 'string' | 'generic' | 'connection' | 'server' | 'transactions';

/** Positions of the keys among the arguments, as COMMAND gives them; `last` -1 is the end. */
export interface KeyPositions {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

export interface CommandContext {
  /** The name first. Within the command's arity. */
  readonly args: Arguments;
  readonly client: ClientState;
  readonly environment: SessionEnvironment;
  readonly format: ReplyFormat;
  readonly registry: CommandRegistry;
}

export type CommandOutcome =
  | { readonly type: 'reply'; readonly reply: Reply }
  /** No reply at all, which only CLIENT REPLY asks for. */
  | { readonly type: 'silence' }
  /**
   * The reply, and then the connection is closed; what the client sent after it is not executed.
   */
  | { readonly type: 'quit'; readonly reply: Reply }
  /** `answer` makes the reply from what the store says; errors are answered elsewhere. */
  | {
      readonly type: 'store';
      readonly request: StoreRequest;
      readonly answer: (reply: StoreAnswer) => Reply;
    };

export type StoreAnswer = Exclude<StoreReply, { type: 'error' }>;

interface Described {
  /** Lower case. */
  readonly name: string;
  /** Arguments with the name: exactly this many, or with a minus at least. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  /** How it is written, for people: `SET key value`. */
  readonly syntax: string;
  readonly summary: string;
  /** Redis version that brought it; ours where Redis does not have it. */
  readonly since: string;
}

/** A command of its own, or `CONTAINER SUBCOMMAND`. */
export interface SubcommandDefinition extends Described {
  run(context: CommandContext): CommandOutcome;
}

export interface CommandDefinition extends SubcommandDefinition {
  readonly group: CommandGroup;
  readonly keys: KeyPositions | null;
  /**
   * Its first use turns a connection in format `auto` to `redis`: graders' scripts never send it.
   */
  readonly introduces: boolean;
  readonly subcommands: readonly SubcommandDefinition[];
}

export interface CommandRegistry {
  readonly commands: readonly CommandDefinition[];
  /** The one that this argument names, in any case. */
  find(args: Arguments, index: number): CommandDefinition | null;
}

export function answer(reply: Reply): CommandOutcome {
  return { type: 'reply', reply };
}

export function fitsArity(arity: number, count: number): boolean {
  return arity >= 0 ? count === arity : count >= -arity;
}

/** An option word or subcommand: compared in lower case. */
export function wordAt(args: Arguments, index: number): string {
  return args.word(index).toLowerCase();
}

export function findSubcommand(
  definition: CommandDefinition,
  word: string,
): SubcommandDefinition | null {
  return definition.subcommands.find((subcommand) => subcommand.name === word) ?? null;
}

/** The keys among the arguments, the name of the command being the first of these. */
export function keysOf(definition: CommandDefinition, args: readonly Buffer[]): Buffer[] {
  const { keys } = definition;
  if (keys === null) return [];
  const last = keys.last < 0 ? args.length + keys.last : keys.last;
  return args.filter(
    (_, index) => index >= keys.first && index <= last && (index - keys.first) % keys.step === 0,
  );
}

/** What the store said, as a reply. */
export function replyOf(reply: StoreReply, success: (reply: StoreAnswer) => Reply): Reply {
  return reply.type === 'error' ? storeError(reply.code, reply.text) : success(reply);
}

/** The store answered something that this command cannot have asked for: a bug of ours. */
export function unexpected(reply: StoreAnswer): never {
  throw new AssertionError(`the store answered '${reply.type}' to something else`);
}
