// The whole test command: build, format, lint, all tests, the ten grading items. A step that fails
// counts as one failed test, a grading item as a test; the last line is the sum. What computes and
// what mostly waits run side by side; what a step said is shown when it has ended.
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
// The processes that integration tests start and kill would each write their coverage.
const COVERED = ['dist/tests/{unit,cluster,scenarios}/**/*.test.js'];
const WITH_PROCESSES = ['integration', 'grade', 'hostile'];
/** These take longest, and must not be the last to begin. */
const LONG = ['restarts', 'operators', 'crash-points', 'grading-script', 'sync-order'].map(
  (name) => `integration/${name}.test.js`,
);
/** Judges how soon something happens, or that no client notices: nothing else runs meanwhile. */
const PROMPT = ['outage', 'process-life', 'rejoin'].map((name) => `integration/${name}.test.js`);
// These take all processors for minutes, and coverage would double that.
const SEARCHING = ['sim', 'exhaustive'];
/** Of them, the one that uses every processor. */
const ON_ALL = 'sim/sim.test.js';
/** Faults on real processes for so many minutes, where somebody asks for it. */
const CHAOS_MINUTES = process.env.KV_CHAOS_MINUTES ?? '';
const GRADING_ITEMS = 10;
const total = { passed: 0, failed: 0, skipped: 0 };
/** A line each, repeated at the end: what came between is long. */
const failures = [];
const startedAt = performance.now();
/** In seconds; null until it has run. */
let searchSeconds = null;
let allSeconds = null;

function secondsSince(time) {
  return (performance.now() - time) / 1000;
}

function minutesSince(time) {
  const seconds = Math.round(secondsSince(time));
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function count(name, isPassed) {
  if (isPassed) total.passed++;
  else {
    total.failed++;
    failures.push(name);
    process.stdout.write(`== ${name} FAILED\n`);
  }
  return isPassed;
}

/** Has the terminal for itself. */
function step(name, command, args, env = {}) {
  process.stdout.write(`\n== ${name}\n`);
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  return count(name, status === 0);
}

const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill();
});

/** Runs beside other steps; its output goes into a file until it is asked for. */
function begin(name, command, args, env = process.env) {
  const file = join(root, '.build', `${name.replaceAll(/\W+/g, '-')}.txt`);
  const output = openSync(file, 'w');
  const begunAt = performance.now();
  let took = '';
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', output, output], env });
  closeSync(output);
  children.add(child);
  const ended = new Promise((resolve) => {
    child.on('error', () => resolve(null));
    child.on('close', resolve);
  }).finally(() => {
    children.delete(child);
    took = minutesSince(begunAt);
  });
  return { name, ended, output: () => readFileSync(file, 'utf8'), took: () => took };
}

/** Waits for what `begin` began, prints what it said, and counts it as one test. */
async function finish({ name, ended, output, took }) {
  const status = await ended;
  process.stdout.write(`\n== ${name}, ${took()}\n${output()}`);
  return count(name, status === 0);
}

/**
 * A run of mocha, counted test by test; as one failure where it did not get to its end. Says whether
 * all of it passed.
 */
async function tests(name, run) {
  const countsFile = join(root, '.build', `counts-${name.replaceAll(/\W+/g, '-')}.json`);
  rmSync(countsFile, { force: true });
  const passed = await run({ KV_COUNTS_FILE: countsFile });
  if (!existsSync(countsFile)) return passed;
  const counts = JSON.parse(readFileSync(countsFile, 'utf8'));
  if (passed) total.passed--;
  else if (counts.failed > 0) total.failed--;
  for (const key of Object.keys(total)) total[key] += counts[key];
  for (const failure of counts.failures) failures.push(`  ${failure}`);
  return passed;
}

function withCoverage(files) {
  const name = 'tests with coverage';
  const args = [bin('mocha'), ...files];
  return tests(name, (env) => finish(begin(name, bin('c8'), args, { ...process.env, ...env })));
}

/** A test that failed may have left out branches: then nothing is compared. */
async function coverageIsAsDescribed() {
  rmSync(LCOV, { force: true });
  if (!(await withCoverage(COVERED))) return;
  const { coverageDifferences } = await import('../dist/tests/helpers/coverage-page.js');
  const page = readFileSync(join(root, 'docs/COVERAGE.md'), 'utf8');
  const differences = coverageDifferences(page, readFileSync(LCOV, 'utf8'));
  const name = 'docs/COVERAGE.md against coverage/lcov.info';
  process.stdout.write(`\n== ${name}\n${differences.map((line) => `${line}\n`).join('')}`);
  count(name, differences.length === 0);
}

/** One file of tests after the other, as long as there are any; several lanes share them. */
async function lane(files) {
  for (let file = files.shift(); file !== undefined; file = files.shift()) {
    const name = `tests in ${file}`;
    const args = [join('dist/tests', file)];
    await tests(name, (env) => finish(begin(name, bin('mocha'), args, { ...process.env, ...env })));
  }
}

function testFilesIn(folders) {
  return folders.flatMap((folder) =>
    readdirSync(join(root, 'dist/tests', folder), { recursive: true })
      .filter((name) => name.endsWith('.test.js'))
      .map((name) => `${folder}/${name}`),
  );
}

function filesWithProcesses() {
  const all = testFilesIn(WITH_PROCESSES);
  const others = all.filter((file) => !LONG.includes(file) && !PROMPT.includes(file));
  return [...LONG, ...others.sort()];
}

/** Mostly waits. */
function beginGrading() {
  // Much else runs now; how fast a process starts is a test of its own.
  const env = { ...process.env, GRADE_PATIENT: '1' };
  delete env.DIR;
  const script = join(root, 'dist/tests/grade/grade.js');
  return begin('grading', process.execPath, [script], env);
}

async function finishGrading(grading) {
  const status = await grading.ended;
  const output = grading.output();
  process.stdout.write(`\n== the ten grading items\n${output}`);
  const passed = output.match(/^Test item \d+: PASSED$/gm)?.length ?? 0;
  total.passed += passed;
  // An item of which nothing was heard has not passed.
  total.failed += GRADING_ITEMS - passed;
  if (passed < GRADING_ITEMS) failures.push('the ten grading items');
  if (passed < GRADING_ITEMS || status === 0) return;
  total.failed++;
  failures.push('grading');
  process.stdout.write(`== grading FAILED with status ${status}\n`);
}

/** Compiled tests whose source is gone would still run. */
function removeStale(folder) {
  for (const name of readdirSync(join(root, 'dist', folder), { recursive: true })) {
    if (!name.endsWith('.js')) continue;
    const source = join(root, folder, name.replace(/\.js$/, '.ts'));
    const compiled = join(root, 'dist', folder, name);
    if (!existsSync(source))
      for (const each of [compiled, `${compiled}.map`]) rmSync(each, { force: true });
  }
}

/** What needs no build: begun beside it, on the other processor. */
async function check() {
  await finish(begin('format', ...FORMAT));
  await finish(begin('lint', ...LINT));
}

/** First what uses every processor, then what uses one, side by side. */
async function search() {
  const begunAt = performance.now();
  await lane([ON_ALL]);
  searchSeconds = secondsSince(begunAt);
  const files = testFilesIn(SEARCHING).filter((file) => file !== ON_ALL);
  await Promise.all([lane(files), lane(files)]);
}

async function everything(checks) {
  const files = filesWithProcesses();
  const grading = beginGrading();
  const covered = coverageIsAsDescribed().then(() => lane(files));
  await Promise.all([covered, checks.then(() => lane(files)), finishGrading(grading)]);
  await lane([...PROMPT]);
  process.stdout.write(`\n== all tests but those that search took ${minutesSince(startedAt)}\n`);
  await search();
  allSeconds = secondsSince(startedAt);
  if (CHAOS_MINUTES === '') return;
  const chaos = join(root, 'dist/tests/chaos/chaos.js');
  step('chaos', process.execPath, [chaos, '--minutes', CHAOS_MINUTES, '--seed', '1']);
}

/** Where the tests ran to their end. */
async function sayHowLong() {
  if (searchSeconds === null || allSeconds === null) return;
  const { durationLines } = await import('../dist/tests/helpers/durations.js');
  const warns = process.env.KV_REQUIRE_TOOLS !== undefined;
  for (const line of durationLines({ searchSeconds, allSeconds }, warns)) {
    process.stdout.write(`\n== ${line}\n`);
  }
}

const LCOV = join(root, 'coverage', 'lcov.info');
const bin = (name) => join(root, 'node_modules', '.bin', name);
const FORMAT = [bin('oxfmt'), ['--check', '.']];
const LINT = [bin('oxlint'), []];
mkdirSync(join(root, '.build'), { recursive: true });
const chosen = process.argv.slice(2);
process.stdout.write('\n== build, format and lint begin\n');
const checks = check();
const built = await finish(begin('build', 'npm', ['run', '--silent', 'build']));
if (built) {
  for (const folder of ['src', 'tests', 'bench']) removeStale(folder);
  if (chosen.length === 0) await everything(checks);
  else await withCoverage(chosen);
}
await checks;
const { countsLine } = built
  ? await import('../dist/tests/helpers/counts.js')
  : { countsLine: ({ passed, failed }) => `${passed} passed, ${failed} failed` };
if (built) await sayHowLong();
for (const failure of failures) process.stdout.write(`\nfailed: ${failure}`);
process.stdout.write(`\n${countsLine(total)}\n`);
process.exit(total.failed === 0 ? 0 : 1);
