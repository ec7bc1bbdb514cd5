/**
 * System calls of one role that are made to fail, and what the tracer has written of them. When the
 * n-th call is to fail, it may never come: only the tracer's words tell whether one did fail.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Role } from './chaos-cluster.js';

export interface InjectionWords {
  /** As strace takes them: `fdatasync,fsync`. */
  readonly calls: string;
  /** As strace takes it: `error=EIO:when=3+`. */
  readonly effect: string;
  /** Only calls on the files of the log. */
  readonly onLogOnly?: boolean;
}

export class Injection {
  static #made = 0;
  /** Where the tracer writes; of each injection alone. */
  readonly path: string;

  constructor(
    readonly role: Role,
    readonly words: InjectionWords,
  ) {
    Injection.#made += 1;
    this.path = join(role.process.folder, `strace-${Injection.#made}.log`);
  }

  get what(): string {
    return `${this.words.calls}:${this.words.effect}`;
  }

  /** Whether any call was made to fail. */
  get hasStruck(): boolean {
    return existsSync(this.path) && failedCallsIn(readFileSync(this.path, 'utf8')) > 0;
  }
}

/** How many calls in a trace were made to fail, with one line or two for each call. */
export function failedCallsIn(trace: string): number {
  return trace.match(/ = \S.*\(INJECTED[):]/g)?.length ?? 0;
}
