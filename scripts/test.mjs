// The whole test command: build, format, lint, all tests under coverage. A step that fails counts as
// one failed test; the last line is the sum.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
// The processes that integration tests start and kill would each write their coverage.
const COVERED = ['dist/tests/{unit,cluster,scenarios}/**/*.test.js'];
const PLAIN = ['dist/tests/{integration,grade}/**/*.test.js'];
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
const built = step('build', bin('tsc'), ['-p', 'tsconfig.json']);
step('format', bin('prettier'), ['--check', '--log-level', 'warn', '.']);
step('lint', bin('eslint'), ['.', '--max-warnings', '0']);
if (built) {
  for (const folder of ['src', 'tests', 'bench']) removeStale(folder);
  const chosen = process.argv.slice(2);
  const covered = chosen.length > 0 ? chosen : COVERED;
  tests('tests with coverage', bin('c8'), [bin('mocha'), ...covered]);
  if (chosen.length === 0) tests('tests with processes', bin('mocha'), PLAIN);
}
const { countsLine } = built
  ? await import('../dist/tests/helpers/counts.js')
  : { countsLine: ({ passed, failed }) => `${passed} passed, ${failed} failed` };
process.stdout.write(`\n${countsLine(total)}\n`);
process.exit(total.failed === 0 ? 0 : 1);
