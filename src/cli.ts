/**
 * The command line: arguments in, options out. Touches nothing; `main.ts` acts on the result.
 */
import { type Address, parseAddress } from './config/address.js';
import { BadValueError } from './config/config-error.js';
import { nearest } from './config/suggest.js';

export interface ServeOptions {
  readonly action: 'serve' | 'check';
  readonly configPath: string;
  /** Rename a data folder that cannot be used, and start with an empty one. */
  readonly setAside: boolean;
  /** Go on with this participant alone, whatever else the last view held. */
  readonly forceView: Address | null;
  /** Do what was asked for without a further question. */
  readonly yes: boolean;
}

export interface DumpOptions {
  readonly action: 'dumpLog';
  readonly folder: string;
  readonly json: boolean;
}

export type Options = ServeOptions | DumpOptions | { readonly action: 'help' | 'version' };

/** A command line that makes no sense; the message is for the person who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'bad_command_line';
}

interface Flag {
  /** What follows the flag, in capitals; null if nothing does. */
  readonly argument: string | null;
  readonly help: string;
}

const FLAGS = {
  '--config_path': { argument: 'FILE', help: 'run the process that FILE describes' },
  '--check': { argument: null, help: 'with --config_path: print every effective setting and exit' },
  '--dump_log': {
    argument: 'DIR',
    help: 'print the log in the data folder DIR as a table and exit',
  },
  '--json': { argument: null, help: 'with --dump_log: one JSON object a line' },
  '--set_aside': {
    argument: null,
    help: 'rename a data folder that cannot be used and start with an empty one',
  },
  '--force_view': {
    argument: 'HOST:PORT',
    help: 'go on with this participant alone, for want of others: may lose data',
  },
  '--yes': { argument: null, help: 'do what --set_aside or --force_view announces' },
  '--version': { argument: null, help: 'print the version and exit' },
  '--help': { argument: null, help: 'print this text and exit' },
} as const satisfies Record<string, Flag>;

type FlagName = keyof typeof FLAGS;
const FLAG_NAMES = Object.keys(FLAGS) as readonly FlagName[];

export function parseArguments(argv: readonly string[]): Options {
  const given = readFlags(argv);
  if (given.has('--help')) return { action: 'help' };
  if (given.has('--version')) return { action: 'version' };
  const folder = given.get('--dump_log');
  if (folder !== undefined) {
    refuseOthers(given, ['--dump_log', '--json']);
    return { action: 'dumpLog', folder, json: given.has('--json') };
  }
  if (given.has('--json')) throw new UsageError('--json goes with --dump_log only');
  const configPath = given.get('--config_path');
  if (configPath === undefined) throw new UsageError('--config_path FILE is missing; see --help');
  if (given.has('--yes') && !given.has('--set_aside') && !given.has('--force_view')) {
    throw new UsageError('--yes goes with --set_aside or --force_view only');
  }
  return {
    action: given.has('--check') ? 'check' : 'serve',
    configPath,
    setAside: given.has('--set_aside'),
    forceView: readAddress(given.get('--force_view')),
    yes: given.has('--yes'),
  };
}

/** `commandLines` say what clients can ask of a coordinator, a line a command. */
export function helpText(commandLines: readonly string[]): string {
  const rows = FLAG_NAMES.map((name) => {
    const { argument, help } = FLAGS[name];
    const usage = argument === null ? name : `${name} ${argument}`;
    return `  ${usage.padEnd(24)}  ${help}`;
  });
  return [
    'Usage: kvstore2pcsystem --config_path FILE',
    '',
    'A durable key-value store that speaks the Redis protocol: a coordinator commits every write',
    'on all live participants. One process is one role; FILE says which.',
    '',
    ...rows,
    '',
    'Commands of clients:',
    '',
    ...commandLines.map((line) => `  ${line}`),
    '',
  ].join('\n');
}

/** `--flag value` and `--flag=value`; a flag without an argument is kept as ''. */
function readFlags(argv: readonly string[]): Map<FlagName, string> {
  const given = new Map<FlagName, string>();
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const equals = word.startsWith('--') ? word.indexOf('=') : -1;
    const name = knownFlag(equals === -1 ? word : word.slice(0, equals));
    if (given.has(name)) throw new UsageError(`${name} is given twice`);
    const { argument } = FLAGS[name];
    const attached = equals === -1 ? undefined : word.slice(equals + 1);
    if (argument === null && attached !== undefined) throw new UsageError(`${name} takes no value`);
    const value = argument === null ? '' : (attached ?? rest.shift());
    if (value === undefined || (argument !== null && value === '')) {
      throw new UsageError(`${name} needs ${argument ?? 'a value'} after it`);
    }
    given.set(name, value);
  }
  return given;
}

function knownFlag(word: string): FlagName {
  const name = FLAG_NAMES.find((each) => each === word);
  if (name !== undefined) return name;
  const near = word.startsWith('-') ? nearest(word, FLAG_NAMES) : null;
  const hint = near === null ? 'see --help' : `did you mean ${near}?`;
  throw new UsageError(`unknown argument \`${word}\`; ${hint}`);
}

function refuseOthers(given: ReadonlyMap<FlagName, string>, allowed: readonly FlagName[]): void {
  const other = [...given.keys()].find((name) => !allowed.includes(name));
  if (other !== undefined) throw new UsageError(`${other} does not go with ${allowed[0] ?? ''}`);
}

function readAddress(text: string | undefined): Address | null {
  if (text === undefined) return null;
  try {
    return parseAddress(text);
  } catch (error) {
    if (error instanceof BadValueError) throw new UsageError(`--force_view: ${error.message}`);
    throw error;
  }
}
