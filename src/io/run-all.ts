/**
 * A whole cluster in one terminal: every process of `conf/` as a child, its lines under a coloured
 * prefix, until Ctrl-C. Nothing is started while a port is taken.
 *
 * Children get process groups of their own, because a terminal sends Ctrl-C to a whole group, and a
 * second signal would cut their orderly stop short.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Address, formatAddress } from '../config/address.js';
import { type Config, loadConfigText } from '../config/config.js';
import { ConfigError } from '../config/config-error.js';
import { machineFacts } from './machine.js';
import { holderOf, whyNotFree } from './port-holder.js';

const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));
const NAMES = ['coordinator', 'participant1', 'participant2', 'participant3'] as const;
const COLOURS = [36, 32, 33, 35];
/** A process is given a little more than it allows itself for its own stop. */
const STOP_BOUND_MS = 6000;
const LISTEN_BOUND_MS = 10_000;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

export interface RunAllOptions {
  /** Holds `NAME.conf` for each of the four. */
  readonly folder: string;
  readonly program: string;
  readonly output: NodeJS.WritableStream;
  readonly colour: boolean;
}

const DEFAULTS: RunAllOptions = {
  folder: join(PROJECT, 'conf'),
  program: join(PROJECT, 'bin', 'kvstore2pcsystem'),
  output: process.stdout,
  colour: process.stdout.isTTY,
};

interface Planned {
  readonly name: string;
  readonly file: string;
  readonly config: Config;
  readonly colour: number;
}

/** Resolves with an exit code when all processes have ended. */
export async function runAll(options: RunAllOptions = DEFAULTS): Promise<number> {
  const print = (line: string): void => {
    options.output.write(`${line}\n`);
  };
  let plan: Planned[];
  try {
    plan = readPlan(options.folder);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    print(`Nothing was started: ${error.message}`);
    return EXIT_USAGE;
  }
  const taken = await takenAddresses(plan);
  if (taken.length > 0) {
    for (const line of taken) print(line);
    print('Nothing was started. Stop that process, or change the port in all files of');
    print(`${options.folder}, and try again.`);
    return EXIT_FAILED;
  }
  return new Cluster(plan, options, print).run();
}

function readPlan(folder: string): Planned[] {
  return NAMES.map((name, index) => {
    const file = join(folder, `${name}.conf`);
    const config = loadConfigText(readText(file), file, machineFacts());
    return { name, file, config, colour: COLOURS[index] ?? 0 };
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(file, null, null, `cannot be read: ${String(error)}`);
  }
}

async function takenAddresses(plan: readonly Planned[]): Promise<string[]> {
  const lines: string[] = [];
  for (const { name, config } of plan) {
    const reason = await whyNotFree(config.listen);
    if (reason === null) continue;
    const holder =
      reason === 'EADDRINUSE' ? (holderOf(config.listen.port) ?? 'another process') : '';
    const text = reason === 'EADDRINUSE' ? `is taken by ${holder}` : `cannot be used: ${reason}`;
    lines.push(`${formatAddress(config.listen)}, where the ${name} would listen, ${text}.`);
  }
  return lines;
}

class Cluster {
  private readonly children = new Map<string, ChildProcess>();
  private stopping = false;
  private failed = false;
  private readonly ends: Promise<void>[] = [];

  constructor(
    private readonly plan: readonly Planned[],
    private readonly options: RunAllOptions,
    private readonly print: (line: string) => void,
  ) {}

  async run(): Promise<number> {
    const onSignal = (): void => {
      this.stop();
    };
    const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, onSignal);
    const listening = await Promise.all(this.plan.map((each) => this.start(each)));
    if (listening.every(Boolean)) this.printHints();
    else if (!this.stopping) {
      this.failed = true;
      this.print('Not all processes came up; stopping the others.');
      this.stop();
    }
    await Promise.all(this.ends);
    for (const signal of signals) process.off(signal, onSignal);
    this.print('All processes have ended.');
    return this.failed || !this.stopping ? EXIT_FAILED : 0;
  }

  /** Resolves with whether the process came so far as to listen. */
  private start(planned: Planned): Promise<boolean> {
    const { program } = this.options;
    const child = spawn(process.execPath, [program, '--config_path', planned.file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.children.set(planned.name, child);
    return new Promise((resolve) => {
      const bound = setTimeout(resolve, LISTEN_BOUND_MS, false);
      const settle = (listens: boolean): void => {
        clearTimeout(bound);
        resolve(listens);
      };
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          this.print(`${this.prefix(planned)} ${line}`);
          if (/^(coordinator|participant) running at \[/.test(line)) settle(true);
        });
      }
      this.ends.push(
        new Promise((ended) => {
          child.on('error', (error) => {
            this.print(`${this.prefix(planned)} ${error.message}`);
          });
          child.on('close', (code, signal) => {
            this.children.delete(planned.name);
            this.reportEnd(planned, code, signal);
            settle(false);
            ended();
          });
        }),
      );
    });
  }

  private reportEnd(planned: Planned, code: number | null, signal: string | null): void {
    if (this.stopping) return;
    const how = signal === null ? `with exit code ${code ?? 0}` : `by ${signal}`;
    this.print(`${this.prefix(planned)} ended ${how}; to start it again, in another terminal:`);
    this.print(`${this.prefix(planned)}   ${this.commandLine(planned)}`);
  }

  private stop(): void {
    if (this.stopping) {
      for (const child of this.children.values()) child.kill('SIGKILL');
      return;
    }
    this.stopping = true;
    this.print('Stopping …');
    for (const child of this.children.values()) child.kill('SIGTERM');
    setTimeout(() => {
      for (const child of this.children.values()) child.kill('SIGKILL');
    }, STOP_BOUND_MS).unref();
  }

  private printHints(): void {
    const [coordinator] = this.plan;
    if (coordinator === undefined) return;
    const { host, port }: Address = coordinator.config.self;
    this.print('');
    this.print('All four processes are up. In another terminal:');
    this.print(`  redis-cli -h ${host} -p ${port} SET greeting hello`);
    this.print(`  redis-cli -h ${host} -p ${port} GET greeting`);
    this.print('or, without redis-cli:');
    this.print(`  printf 'SET greeting hello\\r\\nGET greeting\\r\\n' | nc -w 3 ${host} ${port}`);
    this.print('Ctrl-C stops all four; what was stored is there again at the next start.');
    this.print('');
  }

  private commandLine({ file }: Planned): string {
    const program = relative(process.cwd(), join(PROJECT, 'kvstore2pcsystem'));
    const command = program.includes('/') ? program : `./${program}`;
    return `${command} --config_path ${relative(process.cwd(), file)}`;
  }

  private prefix({ name, colour }: Planned): string {
    const text = name.padEnd(Math.max(...NAMES.map((each) => each.length)));
    return this.options.colour ? `\u001b[${colour}m${text} |\u001b[0m` : `${text} |`;
  }
}
