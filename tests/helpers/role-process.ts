/**
 * One role as a real process: its configuration, its output, its life. It signals only the process
 * that it started itself, by its id. Output is kept in memory (a bounded tail) and in a file.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { PROGRAM } from './project-root.js';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Further words of the command line. */
  readonly words?: readonly string[];
  /** How many files it may open, as `ulimit -n`. */
  readonly openFiles?: number;
}

export interface RoleOptions {
  /** Another program than the project's own. */
  readonly program?: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly folder: string;
  readonly configPath: string;
  readonly logPath: string;
}

const KEPT_OUTPUT_CHARS = 256 * 1024;
const LISTENING = /running at \[/;
const DEFAULT_TIMEOUT_MS = 10_000;
const TERMINATED_STATUS = 143;

/** Processes that run now, so that none outlives the test process. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
process.once('SIGTERM', () => process.exit(TERMINATED_STATUS));

interface LineWaiter {
  readonly pattern: RegExp;
  settle(line: RegExpExecArray | undefined): void;
}

export class RoleProcess {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly folder: string;
  readonly configPath: string;
  readonly logPath: string;
  readonly #program: string;
  #child: ChildProcess | undefined;
  #exit: Promise<Exit> = Promise.resolve({ code: null, signal: null });
  #output = '';
  #errorOutput = '';
  readonly #waiters = new Set<LineWaiter>();

  constructor(options: RoleOptions) {
    this.name = options.name;
    this.host = options.host;
    this.port = options.port;
    this.folder = options.folder;
    this.configPath = options.configPath;
    this.logPath = options.logPath;
    this.#program = options.program ?? PROGRAM;
  }

  get address(): string {
    return `${this.host}:${this.port}`;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.name} is not running`);
    return pid;
  }

  /** What the present or last process printed, its end if that was much. */
  get output(): string {
    return this.#output;
  }

  /** The part of it that went to standard error. */
  get errorOutput(): string {
    return this.#errorOutput;
  }

  /** Starts the process and returns at once. */
  launch(options: StartOptions = {}): void {
    if (this.#child !== undefined) throw new Error(`${this.name} runs already`);
    const words = ['--config_path', this.configPath, ...(options.words ?? [])];
    const { openFiles } = options;
    const [program, ...args] =
      openFiles === undefined
        ? ([this.#program, ...words] as const)
        : ([
            'bash',
            '-c',
            `ulimit -n ${openFiles}; exec "$0" "$@"`,
            this.#program,
            ...words,
          ] as const);
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    this.#child = child;
    this.#output = '';
    this.#errorOutput = '';
    running.add(child);
    child.stdout.on('data', (chunk: Buffer) => {
      this.#take(chunk.toString());
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.#errorOutput = (this.#errorOutput + chunk.toString()).slice(-KEPT_OUTPUT_CHARS);
      this.#take(chunk.toString());
    });
    this.#exit = new Promise((resolve) => {
      const ended = (exit: Exit): void => {
        running.delete(child);
        this.#child = undefined;
        for (const waiter of [...this.#waiters]) waiter.settle(undefined);
        resolve(exit);
      };
      child.on('error', (error) => {
        this.#take(`cannot start: ${error.message}\n`);
        ended({ code: null, signal: null });
      });
      child.on('close', (code, signal) => {
        ended({ code, signal });
      });
    });
  }

  /** Starts the process and waits until it says that it listens. */
  async start(options: StartOptions = {}): Promise<void> {
    this.launch(options);
    await this.waitForLine(LISTENING);
  }

  /** Waits until a line of the present process's output matches, also an earlier one. */
  waitForLine(pattern: RegExp, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const early = pattern.exec(this.#output);
      if (early !== null) {
        resolve(early);
        return;
      }
      const fail = (why: string): void => {
        reject(new Error(`${this.name}: ${why} before a line like ${String(pattern)}`));
      };
      const waiter: LineWaiter = {
        pattern,
        settle: (found) => {
          clearTimeout(timer);
          this.#waiters.delete(waiter);
          if (found === undefined) fail('ended');
          else resolve(found);
        },
      };
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        fail(`${timeoutMs} ms passed`);
      }, timeoutMs);
      this.#waiters.add(waiter);
    });
  }

  async waitForExit(timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Exit> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`${this.name} has not exited within ${timeoutMs} ms`));
      }, timeoutMs);
    });
    try {
      return await Promise.race([this.#exit, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#child === undefined) throw new Error(`${this.name} is not running`);
    this.#child.kill(signal);
  }

  async kill9(): Promise<void> {
    if (this.#child === undefined) return;
    this.signal('SIGKILL');
    await this.waitForExit();
  }

  async stop(): Promise<Exit> {
    this.signal('SIGTERM');
    return this.waitForExit();
  }

  pause(): void {
    this.signal('SIGSTOP');
  }

  resume(): void {
    this.signal('SIGCONT');
  }

  #take(text: string): void {
    this.#output = (this.#output + text).slice(-KEPT_OUTPUT_CHARS);
    appendFileSync(this.logPath, text);
    for (const waiter of [...this.#waiters]) {
      const found = waiter.pattern.exec(this.#output);
      if (found !== null) waiter.settle(found);
    }
  }
}
