/**
 * From a parsed request to the outcome of its command: Redis's order of checks, which is existence,
 * arity, authentication, then the command itself. Knows nothing of the connection's reply order.
 */
import {
  answer,
  findSubcommand,
  fitsArity,
  wordAt,
  type CommandContext,
  type CommandDefinition,
  type CommandOutcome,
  type SubcommandDefinition,
} from './command.js';
import type { ClientState, ReplyFormat } from './client-state.js';
import type { CommandVerdict, SessionEnvironment } from './environment.js';
import {
  beyondLimit,
  NO_AUTH,
  unknownCommand,
  unknownSubcommand,
  wrongArity,
} from './error-replies.js';
import { LIMIT_SETTINGS, type SessionLimits } from './limits.js';
import type { Reply } from './replies.js';
import { registry } from './registry.js';
import type { ParsedRequest } from './request-reader.js';
import { longValue } from './store-calls.js';

/** First words of HTTP requests: a browser was made to talk to us. Never what a client sends. */
const HTTP_WORDS: ReadonlySet<string> = new Set(['post', 'host:']);

/** Whether this request is a sign of an attack through a browser, to be cut off without a word. */
export function isHttp(request: ParsedRequest): boolean {
  const { args } = request;
  if (args.length === 0) return false;
  return HTTP_WORDS.has(wordAt(args, 0));
}

/** Null for a name that no command has. */
export function commandOf({ args }: ParsedRequest): CommandDefinition | null {
  return args.length === 0 ? null : registry.find(args, 0);
}

/**
 * `found`: what `commandOf` says of the request. What it asks of the store counts when that has
 * answered, under the name that is the client's last command by now.
 */
export function dispatch(
  request: ParsedRequest,
  found: CommandDefinition | null,
  client: ClientState,
  environment: SessionEnvironment,
  format: ReplyFormat,
): CommandOutcome {
  const { args, excess } = request;
  if (excess !== null) return refuse(null, excessError(excess, environment.limits), environment);
  if (found === null) return refuse(null, unknownCommand(args), environment);
  let chosen: SubcommandDefinition = found;
  let fullName = found.name;
  if (found.subcommands.length > 0 && args.length > 1) {
    const subcommand = findSubcommand(found, wordAt(args, 1));
    if (subcommand === null) {
      return refuse(found.name, unknownSubcommand(found.name, args.bytes(1)), environment);
    }
    chosen = subcommand;
    fullName = `${found.name}|${subcommand.name}`;
  }
  client.lastCommand = fullName;
  if (!fitsArity(chosen.arity, args.length)) {
    return refuse(fullName, wrongArity(fullName), environment);
  }
  if (!client.authenticated && !found.flags.includes('no_auth')) {
    return refuse(fullName, NO_AUTH, environment);
  }
  const context: CommandContext = { args, client, environment, format, registry };
  const outcome = chosen.run(context);
  if (outcome.type !== 'store') environment.countCommand(fullName, verdictOf(outcome));
  return outcome;
}

export function verdictOf(outcome: CommandOutcome): CommandVerdict {
  return outcome.type === 'reply' && outcome.reply.kind === 'error' ? 'failed' : 'called';
}

/** An unknown command has no row in the statistics. */
function refuse(
  name: string | null,
  reply: Reply,
  environment: SessionEnvironment,
): CommandOutcome {
  if (name !== null) environment.countCommand(name, 'rejected');
  return answer(reply);
}

function excessError(excess: NonNullable<ParsedRequest['excess']>, limits: SessionLimits): Reply {
  const { maxRequestArgs, maxRequestBytes } = limits;
  switch (excess) {
    case 'args':
      return beyondLimit('request', maxRequestArgs, 'arguments', LIMIT_SETTINGS.maxRequestArgs);
    case 'bytes':
      return beyondLimit('request', maxRequestBytes, 'bytes', LIMIT_SETTINGS.maxRequestBytes);
    case 'bulk':
      return longValue(limits);
  }
}
