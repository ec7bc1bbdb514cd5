/**
 * Keeps the processes running that nobody has taken down, and judges each end. An end that the
 * present fault explains – its disk failed, so it stops – is counted, and the process is started
 * again as an operator would. Any other end is a violation.
 */
import type { Exit } from '../helpers/role-process.js';
import type { ChaosCluster, Role } from './chaos-cluster.js';
import type { Journal } from './journal.js';

/** Which words in a process's last output a fault explains. */
export type Excuse = RegExp;

const RESTART_PAUSE_MS = 300;
const LATE_END_MS = 4000;
const MAX_RESTARTS_IN_A_ROW = 30;
/** Ended by itself with a reason. Of anything else, as a fault in the program, none is excused. */
const REFUSED_STATUS = 1;
const SHOWN_LINES = 30;
/** The largest delay a timer takes: for ever. */
const FOREVER_MS = 2 ** 31 - 1;

export class Supervisor {
  readonly #wanted = new Set<Role>();
  readonly #killed = new Set<Role>();
  readonly #excuses = new Map<Role, { readonly excuse: Excuse; until: number }>();
  readonly #restarts = new Map<Role, number>();
  readonly #wraps = new Map<Role, readonly string[]>();
  #failStops = 0;

  constructor(
    private readonly cluster: ChaosCluster,
    private readonly journal: Journal,
  ) {}

  get failStops(): number {
    return this.#failStops;
  }

  /** Runs from now on, whatever happens, until it is taken down. */
  up(role: Role, wrap: readonly string[] = []): void {
    this.#wanted.add(role);
    this.#wraps.set(role, wrap);
    this.#restarts.set(role, 0);
    if (!role.process.isRunning) this.#launch(role);
  }

  /** kill -9; it stays down until `up`. */
  async kill(role: Role): Promise<void> {
    this.#wanted.delete(role);
    if (!role.process.isRunning) return;
    this.#killed.add(role);
    await role.process.kill9();
  }

  /** SIGTERM at the end of the run; what it says then is the caller's to judge. */
  async stop(role: Role): Promise<Exit> {
    this.#wanted.delete(role);
    this.#killed.add(role);
    return role.process.stop();
  }

  excuse(role: Role, excuse: Excuse): void {
    this.#excuses.set(role, { excuse, until: Infinity });
  }

  /** Whoever is started again from now on is started plainly. */
  endWraps(): void {
    this.#wraps.clear();
  }

  /** The fault is over; whom it met in its last moment may still be on the way to its end. */
  endExcuses(): void {
    const until = performance.now() + LATE_END_MS;
    for (const each of this.#excuses.values()) each.until = Math.min(each.until, until);
  }

  #launch(role: Role): void {
    this.cluster.launch(role, this.#wraps.get(role) ?? []);
    const ended = role.process.waitForExit(FOREVER_MS);
    ended.then(
      (exit) => this.#onEnd(role, exit),
      (error: unknown) => this.journal.violation(`${role.process.name}: ${String(error)}`),
    );
  }

  #onEnd(role: Role, exit: Exit): void {
    if (this.#killed.delete(role)) return;
    const { name, output } = role.process;
    const lines = output.trimEnd().split('\n');
    const last = lines.at(-1) ?? '';
    if (exit.code === REFUSED_STATUS && this.#isExplained(role, last)) {
      this.#failStops += 1;
      this.journal.note(`${name} stopped: ${last}`);
    } else {
      const how = exit.signal ?? `status ${exit.code ?? '?'}`;
      const shown = lines.slice(-SHOWN_LINES).join('\n  ');
      this.journal.violation(`${name} ended by itself with ${how}; it said last:\n  ${shown}`);
    }
    setTimeout(() => {
      this.#restart(role);
    }, RESTART_PAUSE_MS);
  }

  #isExplained(role: Role, lastLine: string): boolean {
    const found = this.#excuses.get(role);
    if (found === undefined || performance.now() > found.until) return false;
    return found.excuse.test(lastLine);
  }

  #restart(role: Role): void {
    if (!this.#wanted.has(role) || role.process.isRunning) return;
    const restarts = (this.#restarts.get(role) ?? 0) + 1;
    this.#restarts.set(role, restarts);
    if (restarts === MAX_RESTARTS_IN_A_ROW) {
      this.journal.violation(`${role.process.name} does not stay up`);
    }
    if (restarts < MAX_RESTARTS_IN_A_ROW) this.#launch(role);
  }
}
