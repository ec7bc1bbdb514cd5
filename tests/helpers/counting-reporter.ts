/**
 * Mocha's dot reporter, or its spec reporter on request (`KV_REPORTER=spec`), followed by one line
 * that counts: `N passed, N failed`, and the skipped ones where there are any. Where
 * `KV_COUNTS_FILE` is set, the counts and what failed go into that file instead, for a caller that
 * adds its own.
 */
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';
import { type Counts, countsLine } from './counts.js';

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PENDING } = Mocha.Runner.constants;
const Parent = process.env['KV_REPORTER'] === 'spec' ? Mocha.reporters.Spec : Mocha.reporters.Dot;

export default class CountingReporter extends Parent {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const skipped: string[] = [];
    runner.on(EVENT_TEST_PENDING, (test) => {
      skipped.push(test.fullTitle());
    });
    const failures: string[] = [];
    runner.on(EVENT_TEST_FAIL, (test, error: Error) => {
      failures.push(`${test.fullTitle()}: ${firstLine(error.message)}`);
    });
    runner.once(EVENT_RUN_END, () => {
      for (const title of skipped) process.stdout.write(`skipped: ${title}\n`);
      const { passes, failures: failed, pending } = this.stats;
      report({ passed: passes, failed, skipped: pending }, failures);
    });
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

function report(counts: Counts, failures: readonly string[]): void {
  const file = process.env['KV_COUNTS_FILE'];
  if (file === undefined) process.stdout.write(`${countsLine(counts)}\n`);
  else writeFileSync(file, JSON.stringify({ ...counts, failures }));
}
