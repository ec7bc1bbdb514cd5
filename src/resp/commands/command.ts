/**
 * COMMAND: what clients and shells learn of the commands here. Everything is made from the
 * registry; nothing about any command is written twice.
 */
import { answer, fitsArity, keysOf } from '../command.js';
import type {
  CommandContext,
  CommandDefinition,
  CommandOutcome,
  SubcommandDefinition,
} from '../command.js';
import { INVALID_ARGUMENT_COUNT, INVALID_COMMAND } from '../error-replies.js';
import { NO_KEY_ARGUMENTS, SYNTAX_ERROR } from '../error-replies.js';
import { array, bulk, integer, map, NULL, set, simple, type Reply } from '../replies.js';
import { helpSubcommand } from '../subcommands.js';

function describe(name: string, definition: SubcommandDefinition & Partial<CommandDefinition>) {
  const { keys, group, subcommands } = definition;
  return array([
    bulk(name),
    integer(definition.arity),
    set(definition.flags.map((flag) => simple(flag))),
    integer(keys?.first ?? 0),
    integer(keys?.last ?? 0),
    integer(keys?.step ?? 0),
    set(group === undefined ? [] : [simple(`@${group}`)]),
    array([]),
    array([]),
    array((subcommands ?? []).map((entry): Reply => describe(`${name}|${entry.name}`, entry))),
  ]);
}

function document(definition: CommandDefinition): Reply {
  const entries: [Reply, Reply][] = [
    [bulk('summary'), bulk(definition.summary)],
    [bulk('since'), bulk(definition.since)],
    [bulk('group'), bulk(definition.group)],
  ];
  if (definition.subcommands.length > 0) {
    const { name, group } = definition;
    const documents = definition.subcommands.map((subcommand): [Reply, Reply] => [
      bulk(`${name}|${subcommand.name}`),
      map([
        [bulk('summary'), bulk(subcommand.summary)],
        [bulk('since'), bulk(subcommand.since)],
        [bulk('group'), bulk(group)],
      ]),
    ]);
    entries.push([bulk('subcommands'), map(documents)]);
  }
  return map(entries);
}

/** The commands that the arguments after the subcommand name, or all of them. */
function named({ args, registry }: CommandContext): readonly (CommandDefinition | null)[] {
  if (args.length <= 2) return registry.commands;
  const found: (CommandDefinition | null)[] = [];
  for (let index = 2; index < args.length; index += 1) found.push(registry.find(args, index));
  return found;
}

function info(context: CommandContext): CommandOutcome {
  const found = named(context);
  return answer(array(found.map((entry) => (entry === null ? NULL : describe(entry.name, entry)))));
}

function docs(context: CommandContext): CommandOutcome {
  const found = named(context).filter((entry) => entry !== null);
  return answer(map(found.map((entry) => [bulk(entry.name), document(entry)])));
}

function list({ args, registry }: CommandContext): CommandOutcome {
  if (args.length > 2) return answer(SYNTAX_ERROR);
  return answer(array(registry.commands.map(({ name }) => bulk(name))));
}

function getKeys({ args, registry }: CommandContext): CommandOutcome {
  const command = args.from(2);
  const definition = registry.find(args, 2);
  if (definition === null) return answer(INVALID_COMMAND);
  if (definition.keys === null) return answer(NO_KEY_ARGUMENTS);
  if (!fitsArity(definition.arity, command.length)) return answer(INVALID_ARGUMENT_COUNT);
  return answer(array(keysOf(definition, command).map((key) => bulk(key))));
}

type Row = readonly [string, number, string, string, string, SubcommandDefinition['run']];

const ROWS: readonly Row[] = [
  [
    'count',
    2,
    '2.8.13',
    '',
    'Tell how many commands there are',
    ({ registry }) => answer(integer(registry.commands.length)),
  ],
  ['docs', -2, '7.0.0', '[name ...]', 'Describe commands for people', docs],
  ['info', -2, '2.8.13', '[name ...]', 'Describe commands for programs', info],
  ['list', -2, '7.0.0', '', 'List the names of the commands', list],
  ['getkeys', -4, '2.8.13', 'command [arg ...]', 'Tell which arguments are keys', getKeys],
];

export const command: CommandDefinition = {
  name: 'command',
  arity: -1,
  flags: ['loading', 'stale'],
  keys: null,
  group: 'server',
  since: '2.8.13',
  syntax: 'COMMAND [subcommand [argument ...]]',
  summary: 'Describe the commands of this server',
  introduces: true,
  subcommands: [
    ...ROWS.map(([name, arity, since, parameters, summary, run]): SubcommandDefinition => {
      const syntax = `COMMAND ${name.toUpperCase()} ${parameters}`.trimEnd();
      return { name, arity, flags: ['loading', 'stale'], since, syntax, summary, run };
    }),
    helpSubcommand('command'),
  ],
  run: info,
};
