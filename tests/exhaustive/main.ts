/**
 * Explores every small case and prints what was found; ends with 1 where a rule was broken.
 * `node dist/tests/exhaustive/main.js [writes participants crashes]` explores one case.
 */
import { CASES, figures, namedCase } from './cases.js';
import { Exploration } from './explore.js';

/** Beyond this a case would need more memory than a developer's machine has to spare. */
const MOST_STATES = 40_000_000;
const REPORT_EVERY_MS = 30_000;

const [writes, participants = 2, crashes = 1] = process.argv.slice(2).map(Number);
const cases = writes === undefined ? CASES : [namedCase(writes, participants, crashes)];

for (const each of cases) {
  console.log(`${each.name}:`);
  let reportedAt = Date.now();
  const result = new Exploration(each).run(MOST_STATES, (states, done, depth) => {
    if (Date.now() - reportedAt < REPORT_EVERY_MS) return;
    reportedAt = Date.now();
    console.log(`  … ${states} states, ${done} of them done, up to depth ${depth}`);
  });
  console.log(`  ${figures(result)}`);
  for (const line of result.stalledPath) console.log(`  stall: ${line}`);
  if (result.violation === null) continue;
  process.exitCode = 1;
  console.log(`  VIOLATION: ${result.violation.what}`);
  for (const line of result.violation.path) console.log(`    ${line}`);
}
