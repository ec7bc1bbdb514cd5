// The whole test command: build, format, lint, all tests under coverage, the ten grading items. A
// step that fails counts as one failed test, a grading item as a test; the last line is the sum.
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
const PLAIN = ['dist/tests/{integration,grade,hostile}/**/*.test.js'];
// These take all processors for minutes, and coverage would double that.
const SEARCHING = ['dist/tests/{sim,exhaustive}/**/*.test.js'];
/** Faults on real processes for so many minutes, where somebody asks for it. */
const CHAOS_MINUTES = process.env.KV_CHAOS_MINUTES ?? '';
const GRADING_ITEMS = 10;
const countsFile = join(root, '.build', 'counts.json');
const total = { passed: 0, failed: 0, skipped: 0 };

function step(name, command, args, env = {}) {
  process.stdout.write(`\n== ${name}\n`);
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (status === 0) total.passed++;
  else {
    total.failed++;
    process.stdout.write(`== ${name} FAILED\n`);
  }
  return status === 0;
}

/** A run of mocha, counted test by test; as one failure where it did not get to its end. */
function tests(name, command, args) {
  rmSync(countsFile, { force: true });
  const passed = step(name, command, args, { KV_COUNTS_FILE: countsFile });
  if (!existsSync(countsFile)) return;
  const counts = JSON.parse(readFileSync(countsFile, 'utf8'));
  if (passed) total.passed--;
  else if (counts.failed > 0) total.failed--;
  for (const key of Object.keys(total)) total[key] += counts[key];
}

/** Runs beside other steps; its output goes into a file until it is asked for. */
function begin(name, command, args, env = process.env) {
  const file = join(root, '.build', `${name}.txt`);
  const output = openSync(file, 'w');
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', output, output], env });
  closeSync(output);
  process.on('exit', () => child.kill());
  const ended = new Promise((resolve) => {
    child.on('error', () => resolve(null));
    child.on('close', resolve);
  });
  return { name, ended, output: () => readFileSync(file, 'utf8') };
}

/** Waits for what `begin` began, prints what it said, and counts it as one test. */
async function finish({ name, ended, output }) {
  process.stdout.write(`\n== ${name}\n`);
  const status = await ended;
  process.stdout.write(output());
  if (status === 0) total.passed++;
  else {
    total.failed++;
    process.stdout.write(`== ${name} FAILED\n`);
  }
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
  process.stdout.write('\n== the ten grading items\n');
  const status = await grading.ended;
  const output = grading.output();
  process.stdout.write(output);
  const passed = output.match(/^Test item \d+: PASSED$/gm)?.length ?? 0;
  total.passed += passed;
  // An item of which nothing was heard has not passed.
  total.failed += GRADING_ITEMS - passed;
  if (passed < GRADING_ITEMS || status === 0) return;
  total.failed++;
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

mkdirSync(join(root, '.build'), { recursive: true });
const bin = (name) => join(root, 'node_modules', '.bin', name);
const chosen = process.argv.slice(2);
const built = step('build', bin('tsc'), ['-p', 'tsconfig.json']);
const grading = built && chosen.length === 0 ? beginGrading() : null;
const format = begin('format', bin('prettier'), ['--check', '--log-level', 'warn', '.']);
const lint = begin('lint', bin('eslint'), ['.', '--max-warnings', '0']);
if (built) {
  for (const folder of ['src', 'tests', 'bench']) removeStale(folder);
  const covered = chosen.length > 0 ? chosen : COVERED;
  tests('tests with coverage', bin('c8'), [bin('mocha'), ...covered]);
}
await finish(format);
await finish(lint);
if (grading !== null) {
  await finishGrading(grading);
  // These take ports of the loopback interface, as grading does where it has no namespace.
  tests('tests with processes', bin('mocha'), PLAIN);
  tests('tests that search', bin('mocha'), SEARCHING);
  if (CHAOS_MINUTES !== '') {
    const chaos = join(root, 'dist/tests/chaos/chaos.js');
    step('chaos', process.execPath, [chaos, '--minutes', CHAOS_MINUTES, '--seed', '1']);
  }
}
const { countsLine } = built
  ? await import('../dist/tests/helpers/counts.js')
  : { countsLine: ({ passed, failed }) => `${passed} passed, ${failed} failed` };
process.stdout.write(`\n${countsLine(total)}\n`);
process.exit(total.failed === 0 ? 0 : 1);
