/**
 * HELLO: chooses the protocol version and tells who answers. Most client libraries send `HELLO 3`
 * first and cannot connect without it. Nothing changes unless every option is accepted.
 */
import type { Arguments } from '../arguments.js';
import { answer, wordAt } from '../command.js';
import type { CommandContext, CommandDefinition, CommandOutcome } from '../command.js';
import type { RespVersion } from '../encode.js';
import { parseInteger } from '../decimal.js';
import {
  BAD_CLIENT_NAME,
  HELLO_NO_AUTH,
  helloOptionError,
  NO_PROTO,
  PROTOCOL_NOT_AN_INTEGER,
  WRONG_PASS,
} from '../error-replies.js';
import { isPlainText } from '../plain-text.js';
import { array, bulk, integer, map, type Reply } from '../replies.js';
import { REDIS_VERSION } from '../version.js';

interface Options {
  readonly credentials: readonly [user: string, password: string] | null;
  readonly name: string | null;
}

function isReply(value: Options | Reply): value is Reply {
  return 'kind' in value;
}

function readOptions(args: Arguments): Options | Reply {
  let credentials: Options['credentials'] = null;
  let name: string | null = null;
  for (let at = 2; at < args.length;) {
    const option = args.bytes(at);
    const word = wordAt(args, at);
    if (word === 'auth' && at + 2 < args.length) {
      const password = args.word(at + 2, 'utf8');
      credentials = [args.word(at + 1), password];
      at += 3;
    } else if (word === 'setname' && at + 1 < args.length) {
      const given = args.bytes(at + 1);
      if (!isPlainText(given)) return BAD_CLIENT_NAME;
      name = given.toString('latin1');
      at += 2;
    } else {
      return helloOptionError(option);
    }
  }
  return { credentials, name };
}

function greeting({ client, environment }: CommandContext): Reply {
  return map([
    [bulk('server'), bulk('redis')],
    [bulk('version'), bulk(REDIS_VERSION)],
    [bulk('proto'), integer(client.version)],
    [bulk('id'), integer(client.facts.id)],
    [bulk('mode'), bulk('standalone')],
    [bulk('role'), bulk(environment.role === 'coordinator' ? 'master' : 'replica')],
    [bulk('modules'), array([])],
  ]);
}

function readVersion(arg: Buffer): RespVersion | Reply {
  const version = parseInteger(arg);
  if (version === null) return PROTOCOL_NOT_AN_INTEGER;
  return version === 2 || version === 3 ? version : NO_PROTO;
}

function run(context: CommandContext): CommandOutcome {
  const { args, client } = context;
  const version = args.length < 2 ? client.version : readVersion(args.bytes(1));
  if (typeof version !== 'number') return answer(version);
  const options = readOptions(args);
  if (isReply(options)) return answer(options);
  if (options.credentials !== null && !client.authenticate(...options.credentials)) {
    return answer(WRONG_PASS);
  }
  if (!client.authenticated) return answer(HELLO_NO_AUTH);
  if (options.name !== null) client.name = options.name;
  client.version = version;
  return answer(greeting(context));
}

export const hello: CommandDefinition = {
  name: 'hello',
  arity: -1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  keys: null,
  group: 'connection',
  since: '6.0.0',
  syntax: 'HELLO [protover [AUTH username password] [SETNAME clientname]]',
  summary: 'Choose RESP2 or RESP3 and learn who answers',
  introduces: true,
  subcommands: [],
  run,
};
