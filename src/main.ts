/**
 * The composition root: arguments, configuration, role, exit code. The only place that exits the
 * process and listens to signals.
 *
 * Exit codes: 0 done or stopped, 1 cannot run here and now, 2 bad command line or configuration,
 * 70 a fault in this program. What only some runs need is imported when they need it, because a
 * process should listen within half a second of its start.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DumpOptions, helpText, type Options, parseArguments, UsageError } from './cli.js';
import type { ServeOptions } from './cli.js';
import { type Config, loadConfigText } from './config/config.js';
import { ConfigError } from './config/config-error.js';
import { formatAddress } from './config/address.js';
import { machineFacts } from './io/machine.js';
import type { RunningRole, StartContext } from './io/running-role.js';
import { StartRefusedError } from './io/running-role.js';
import type { Note } from './io/role-folder.js';
import type { SocketLimits } from './io/socket-limits.js';
import type { WinstonTrace } from './io/winston-trace.js';

const EXIT_DONE = 0;
const EXIT_REFUSED = 1;
const EXIT_USAGE = 2;
const EXIT_FAULT = 70;
/** A stop takes less than 5 s altogether, however long clients or disks take. */
const STOP_BOUND_MS = 4500;
const MAX_CONFIG_BYTES = 1024 * 1024;

async function run(argv: readonly string[]): Promise<number> {
  const options: Options = parseArguments(argv);
  switch (options.action) {
    case 'help':
      return printHelp();
    case 'version':
      process.stdout.write(`kvstore2pcsystem ${version()}\n`);
      return EXIT_DONE;
    case 'dumpLog':
      return dump(options);
    case 'check': {
      const { printConfig } = await import('./config/print.js');
      process.stdout.write(printConfig(readConfig(options.configPath)));
      return EXIT_DONE;
    }
    case 'serve':
      return serve(options, readConfig(options.configPath));
  }
}

async function printHelp(): Promise<number> {
  const { commandHelpLines } = await import('./resp/registry.js');
  process.stdout.write(helpText(commandHelpLines()));
  return EXIT_DONE;
}

async function dump(options: DumpOptions): Promise<number> {
  const { dumpLog } = await import('./io/dump-log.js');
  return dumpLog(resolve(options.folder), options.json);
}

/** Listens as early as can be: what comes afterwards is most of a start, and can be waited for. */
async function serve(options: ServeOptions, wished: Config): Promise<number> {
  const signalled = firstSignal();
  // A reader that went away, such as `| head`, is no reason to stop serving.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  const notes: Note[] = [];
  const { limits, note } = await limitSockets(wished);
  if (note !== null) notes.push(note);
  const config = { ...wished, maxClients: limits.clients };
  const { taken, door } = await open(config, options, limits, notes).catch(
    async (error: unknown) => {
      if (notes.length > 0) tell(await makeTrace(config), notes);
      throw error;
    },
  );
  process.stdout.write(`${config.role} running at [${formatAddress(config.self)}]\n`);
  const trace = await makeTrace(config);
  tell(trace, notes);
  process.on('uncaughtException', (error) => {
    trace.event('error', 'fault in this program', { error: String(error.stack ?? error) });
    process.exit(EXIT_FAULT);
  });
  const started = startRole(config, { trace, options, version: version(), taken, door, limits });
  const ended = await Promise.race([started.then((role) => role.finished), signalled]);
  if (typeof ended === 'number') return ended;
  trace.event('info', 'stopping', { signal: ended });
  const stop = started.then(async (role) => {
    await role.stop();
    return true;
  });
  const stopped = await Promise.race([stop, elapsed(STOP_BOUND_MS)]);
  if (stopped) trace.event('info', 'stopped');
  else trace.event('warn', 'stopped before all was finished', { afterMs: STOP_BOUND_MS });
  return EXIT_DONE;
}

/** Before anything is taken or opened. */
async function limitSockets(
  config: Config,
): Promise<{ readonly limits: SocketLimits; readonly note: Note | null }> {
  const { fewerClientsNote, openFilesLimit, socketLimits } = await import('./io/socket-limits.js');
  const openFiles = openFilesLimit();
  const limits = socketLimits(config, openFiles);
  return { limits, note: fewerClientsNote(config, limits, openFiles) };
}

async function open(
  config: Config,
  options: ServeOptions,
  limits: SocketLimits,
  notes: Note[],
): Promise<Pick<StartContext, 'taken' | 'door'>> {
  const { takeFolder } = await import('./io/role-folder.js');
  const { openDoorOf } = await import('./io/door.js');
  const taken = await takeFolder(config, options, notes);
  return { taken, door: await openDoorOf(config, limits.sockets) };
}

function tell(trace: WinstonTrace, notes: readonly Note[]): void {
  for (const { level, message, fields } of notes) trace.event(level, message, fields);
}

async function makeTrace(config: Config): Promise<WinstonTrace> {
  const { WinstonTrace } = await import('./io/winston-trace.js');
  const { CRASH_POINT_VARIABLE, CrashPoint } = await import('./io/crash-point.js');
  return new WinstonTrace({
    level: config.logLevel,
    format: config.logFormat,
    output: process.stdout,
    crashPoint: CrashPoint.parse(process.env[CRASH_POINT_VARIABLE]),
  });
}

async function startRole(config: Config, context: StartContext): Promise<RunningRole> {
  if (config.role === 'coordinator') {
    const { startCoordinator } = await import('./io/start-coordinator.js');
    return startCoordinator(config, context);
  }
  const { startParticipant } = await import('./io/start-participant.js');
  return startParticipant(config, context);
}

/** The first SIGTERM or SIGINT; a second one ends the process where it stands. */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolveSignal) => {
    let seen = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (seen) process.exit(EXIT_REFUSED);
      seen = true;
      resolveSignal(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

function elapsed(delayMs: number): Promise<false> {
  return new Promise((done) => {
    setTimeout(() => {
      done(false);
    }, delayMs);
  });
}

function readConfig(path: string): Config {
  const fileName = resolve(path);
  let text: string;
  try {
    if (statSync(fileName).size > MAX_CONFIG_BYTES) throw new Error('it is larger than 1 MB');
    text = readFileSync(fileName, 'utf8');
  } catch (error) {
    throw new ConfigError(fileName, null, null, `cannot be read: ${reasonOf(error)}`);
  }
  return loadConfigText(text, fileName, machineFacts());
}

function version(): string {
  const here = fileURLToPath(import.meta.url);
  for (let folder = dirname(here); folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file))
      return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  }
  return 'unknown';
}

/** The text of a system error up to its file name, which the caller names itself. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^[A-Z]+: /, '').replace(/, \w+( '.*')?$/, '');
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof ConfigError) return EXIT_USAGE;
  return error instanceof StartRefusedError ? EXIT_REFUSED : EXIT_FAULT;
}

try {
  process.exit(await run(process.argv.slice(2)));
} catch (error) {
  const code = exitCodeOf(error);
  const text = error instanceof Error ? error.message : String(error);
  const detail = code === EXIT_FAULT && error instanceof Error ? `\n${error.stack ?? ''}` : '';
  process.stderr.write(`kvstore2pcsystem: ${text}${detail}\n`);
  process.exit(code);
}
