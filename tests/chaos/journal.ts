/**
 * What a run keeps for people: a line a fault and a line a violation, with the time since the
 * start, on the terminal and in a file beside the logs of the processes.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

export class Journal {
  readonly violations: string[] = [];
  readonly #path: string;
  readonly #startedAt = performance.now();

  constructor(folder: string) {
    this.#path = join(folder, 'faults.log');
  }

  note(text: string): void {
    this.#line(text);
  }

  violation(text: string): void {
    this.violations.push(text);
    this.#line(`VIOLATION ${text}`);
  }

  #line(text: string): void {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const line = `${seconds.toFixed(2).padStart(7)}  ${text}`;
    appendFileSync(this.#path, `${line}\n`);
    console.log(line);
  }
}
