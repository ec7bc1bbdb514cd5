/**
 * CONFIG GET: the effective settings, without secrets. A few names of Redis's settings are answered
 * beside our own, with what is true here, because tools ask for them before they start.
 */
import { answer } from '../command.js';
import type { CommandContext, CommandDefinition, CommandOutcome } from '../command.js';
import { matchesGlob } from '../glob.js';
import { MAX_BULK_BYTES } from '../limits.js';
import { bulk, map } from '../replies.js';
import { containerRun, helpSubcommand } from '../subcommands.js';

/** Every write is synced before it is acknowledged, which Redis calls appendfsync always. */
const REDIS_SETTINGS: readonly (readonly [string, string])[] = [
  ['appendfsync', 'always'],
  ['appendonly', 'yes'],
  ['databases', '1'],
  ['proto-max-bulk-len', String(MAX_BULK_BYTES)],
  ['save', ''],
];

function get({ args, environment }: CommandContext): CommandOutcome {
  const patterns = args.wordsFrom(2);
  const settings = [...REDIS_SETTINGS, ...environment.configEntries()].filter(([name]) =>
    patterns.some((pattern) => matchesGlob(pattern, name)),
  );
  return answer(map(settings.map(([name, value]) => [bulk(name), bulk(value)])));
}

export const config: CommandDefinition = {
  name: 'config',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  keys: null,
  group: 'server',
  since: '2.0.0',
  syntax: 'CONFIG GET pattern [pattern ...]',
  summary: 'Show effective settings',
  introduces: true,
  subcommands: [
    {
      name: 'get',
      arity: -3,
      flags: ['admin', 'noscript', 'loading', 'stale'],
      since: '2.0.0',
      syntax: 'CONFIG GET pattern [pattern ...]',
      summary: 'Show effective settings whose names match',
      run: get,
    },
    helpSubcommand('config'),
  ],
  run: containerRun,
};
