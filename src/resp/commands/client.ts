/**
 * CLIENT: what a connection says of itself and may know of others. Eviction and LRU do not exist
 * here, so NO-EVICT and NO-TOUCH are only remembered. MAINT_NOTIFICATIONS must be refused: a client
 * that were told yes would wait for notifications that never come.
 */
import { answer, wordAt } from '../command.js';
import type { CommandContext, CommandDefinition, CommandOutcome } from '../command.js';
import type { SubcommandDefinition } from '../command.js';
import { formatClient } from '../client-list.js';
import {
  BAD_CLIENT_NAME,
  badLibraryText,
  NO_MAINT_NOTIFICATIONS,
  SYNTAX_ERROR,
  unrecognizedClientOption,
} from '../error-replies.js';
import { isPlainText } from '../plain-text.js';
import { bulk, integer, NULL, OK, verbatim } from '../replies.js';
import { containerRun, helpSubcommand } from '../subcommands.js';

function setName({ args, client }: CommandContext): CommandOutcome {
  const name = args.bytes(2);
  if (!isPlainText(name)) return answer(BAD_CLIENT_NAME);
  client.name = name.toString('latin1');
  return answer(OK);
}

function setInfo({ args, client }: CommandContext): CommandOutcome {
  const option = args.bytes(2);
  const word = wordAt(args, 2);
  const value = args.bytes(3);
  if (word !== 'lib-name' && word !== 'lib-ver') return answer(unrecognizedClientOption(option));
  if (!isPlainText(value)) return answer(badLibraryText(word));
  if (word === 'lib-name') client.libName = value.toString('latin1');
  else client.libVersion = value.toString('latin1');
  return answer(OK);
}

function list({ environment }: CommandContext): CommandOutcome {
  return answer(verbatim(environment.clients().map(formatClient).join('')));
}

function info({ client, environment }: CommandContext): CommandOutcome {
  const own = environment.clients().filter(({ id }) => id === client.facts.id);
  return answer(verbatim(own.map(formatClient).join('')));
}

function reply({ args, client }: CommandContext): CommandOutcome {
  const mode = wordAt(args, 2);
  if (mode === 'on') {
    client.repliesOff = false;
    client.skipThisReply = false;
    return answer(OK);
  }
  if (mode === 'off') client.repliesOff = true;
  else if (mode === 'skip') client.skipNextReply = true;
  else return answer(SYNTAX_ERROR);
  return { type: 'silence' };
}

/** A switch that is remembered and nothing else. */
function onOff(set: (context: CommandContext, on: boolean) => void) {
  return (context: CommandContext): CommandOutcome => {
    const word = wordAt(context.args, 2);
    if (word !== 'on' && word !== 'off') return answer(SYNTAX_ERROR);
    set(context, word === 'on');
    return answer(OK);
  };
}

type Row = readonly [
  name: string,
  arity: number,
  since: string,
  parameters: string,
  summary: string,
  run: SubcommandDefinition['run'],
];

const noEvict = onOff(({ client }, on) => (client.noEvict = on));
const noTouch = onOff(({ client }, on) => (client.noTouch = on));
const getName = ({ client }: CommandContext): CommandOutcome =>
  answer(client.name === '' ? NULL : bulk(client.name));

const ROWS: readonly Row[] = [
  ['id', 2, '5.0.0', '', "Tell the connection's number", (c) => answer(integer(c.client.facts.id))],
  ['setname', 3, '2.6.9', 'name', 'Name the connection', setName],
  ['getname', 2, '2.6.9', '', "Tell the connection's name", getName],
  ['setinfo', 4, '7.2.0', 'LIB-NAME|LIB-VER text', 'Tell which library connects', setInfo],
  ['list', 2, '2.4.0', '', 'List the connected clients', list],
  ['info', 2, '6.2.0', '', 'Describe this connection', info],
  ['no-evict', 3, '7.0.0', 'ON|OFF', 'Accepted; clients are never evicted', noEvict],
  ['no-touch', 3, '7.2.0', 'ON|OFF', 'Accepted; reads never touch keys', noTouch],
  ['reply', 3, '3.2.0', 'ON|OFF|SKIP', 'Choose whether to get replies', reply],
  [
    'maint_notifications',
    -2,
    '7.0.0',
    'ON|OFF ...',
    'Refused: there are no such notifications',
    () => answer(NO_MAINT_NOTIFICATIONS),
  ],
];

export const client: CommandDefinition = {
  name: 'client',
  arity: -2,
  flags: ['noscript', 'loading', 'stale'],
  keys: null,
  group: 'connection',
  since: '2.4.0',
  syntax: 'CLIENT subcommand [argument ...]',
  summary: 'Name, describe and list connections',
  introduces: true,
  subcommands: [
    ...ROWS.map(([name, arity, since, parameters, summary, run]): SubcommandDefinition => {
      const syntax = `CLIENT ${name.toUpperCase()} ${parameters}`.trimEnd();
      return { name, arity, flags: ['noscript', 'loading', 'stale'], since, syntax, summary, run };
    }),
    helpSubcommand('client'),
  ],
  run: containerRun,
};
