/** How a probe answers `askProbe`: lines on standard error that are counted. */
import type { ProbeName } from './probes.js';

export class ProbeAnswers {
  count = 0;

  constructor(private readonly name: ProbeName) {}

  print(told: unknown): void {
    this.count += 1;
    process.stderr.write(`${this.name} ${this.count} ${JSON.stringify(told)}\n`);
  }
}
