/**
 * Every error text of the client side, each under a name. Where Redis has a text it is Redis's, to
 * the letter: client libraries match on some of them. Texts that Redis lacks name the setting or
 * the address that helps. None but `LAB_ERROR` is ever sent in `lab` format.
 */
import type { Arguments } from './arguments.js';
import { firstFormat } from './client-state.js';
import type { ReplyFormatSetting } from './environment.js';
import { error, type Reply } from './replies.js';

/** Redis cuts the name of an unknown command, and the list of its arguments, at 128 bytes. */
const SHOWN_BYTES = 128;

/** The one error of the `lab` format. */
export const LAB_ERROR = error('ERROR');

export const SYNTAX_ERROR = error('ERR syntax error');
export const NOT_AN_INTEGER = error('ERR value is not an integer or out of range');
export const DB_OUT_OF_RANGE = error('ERR DB index is out of range');
export const NO_AUTH = error('NOAUTH Authentication required.');
export const HELLO_NO_AUTH = error(
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH ' +
    '<user> <pass> option can be used to authenticate the client and select the RESP protocol ' +
    'version at the same time',
);
export const WRONG_PASS = error('WRONGPASS invalid username-password pair or user is disabled.');
export const NO_PASSWORD_CONFIGURED = error(
  'ERR AUTH <password> called without any password configured for the default user. Are you sure ' +
    'your configuration is correct?',
);
export const NO_PROTO = error('NOPROTO unsupported protocol version');
export const PROTOCOL_NOT_AN_INTEGER = error(
  'ERR Protocol version is not an integer or out of range',
);
export const BAD_CLIENT_NAME = error(
  'ERR Client names cannot contain spaces, newlines or special characters.',
);
const MAX_CLIENTS_REACHED = error('ERR max number of clients reached');
export const INVALID_COMMAND = error('ERR Invalid command specified');
export const INVALID_ARGUMENT_COUNT = error(
  'ERR Invalid number of arguments specified for command',
);
export const NO_KEY_ARGUMENTS = error('ERR The command has no key arguments');
export const NO_MAINT_NOTIFICATIONS = error(
  'ERR maintenance notifications are not supported by this server',
);
export const BAD_TXID = error('ERR invalid transaction id, expected EPOCH:TXID');

/** To a client too many, which is not read from and so never introduces itself. */
export function tooManyClients(setting: ReplyFormatSetting): Reply {
  return firstFormat(setting) === 'lab' ? LAB_ERROR : MAX_CLIENTS_REACHED;
}

/** `code` and `text` as the store gave them. */
export function storeError(code: string, text: string): Reply {
  return error(`${code} ${text}`);
}

export function protocolError(text: string): Reply {
  return error(`ERR ${text}`);
}

export function wrongArity(fullName: string): Reply {
  return error(`ERR wrong number of arguments for '${fullName}' command`);
}

export function unknownSubcommand(container: string, subcommand: Buffer): Reply {
  const shown = cString(subcommand, SHOWN_BYTES);
  return error(`ERR unknown subcommand '${shown}'. Try ${container.toUpperCase()} HELP.`);
}

export function unknownCommand(args: Arguments): Reply {
  let shown = '';
  for (let index = 1; index < args.length && shown.length < SHOWN_BYTES; index += 1) {
    shown += `'${cString(args.bytes(index), SHOWN_BYTES - shown.length)}' `;
  }
  const command = cString(args.bytes(0), SHOWN_BYTES);
  return error(`ERR unknown command '${command}', with args beginning with: ${shown}`);
}

export function helloOptionError(option: Buffer): Reply {
  return error(`ERR Syntax error in HELLO option '${cString(option, SHOWN_BYTES)}'`);
}

export function unrecognizedClientOption(option: Buffer): Reply {
  return error(`ERR Unrecognized option '${cString(option, SHOWN_BYTES)}'`);
}

export function badLibraryText(option: string): Reply {
  return error(`ERR ${option} cannot contain spaces, newlines or special characters.`);
}

/** A request, key or value beyond a limit that the operator may change. */
export function beyondLimit(what: string, limit: number, unit: string, setting: string): Reply {
  return error(`ERR ${what} exceeds the limit of ${limit} ${unit} (${setting})`);
}

export function notTheCoordinator(address: string): Reply {
  return error(`ERR this is a participant; send commands to the coordinator at ${address}`);
}

/** As C prints a string: up to a NUL or the given number of bytes. */
function cString(bytes: Buffer, limit: number): string {
  const shown = bytes.subarray(0, limit);
  const nul = shown.indexOf(0);
  return shown.toString('latin1', 0, nul < 0 ? shown.length : nul);
}
