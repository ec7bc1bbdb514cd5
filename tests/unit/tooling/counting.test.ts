/** What a run of tests says at its end, and how a missing tool shows there. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { PROJECT_ROOT } from '../../helpers/project-root.js';

const helper = (name: string): string =>
  fileURLToPath(new URL(`../../helpers/${name}.js`, import.meta.url));

const TESTS = `
import { needs } from '${helper('tools')}';
it('passes', () => undefined);
it('fails', () => { throw new Error('on purpose'); });
it('has a tool', function () { needs('node', this); });
it('lacks a tool', function () { needs('no-such-tool', this); });
describe('a suite', () => {
  before(function () { needs('no-such-tool', this); });
  it('lacks one too', () => undefined);
});
`;

describe('the line that counts', function () {
  this.timeout(20_000);
  let folder = '';

  before(() => {
    mkdirSync(join(PROJECT_ROOT, '.build'), { recursive: true });
    folder = mkdtempSync(join(PROJECT_ROOT, '.build', 'counting-'));
    writeFileSync(join(folder, 'some.test.mjs'), TESTS);
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function runMocha(env: Record<string, string>): { status: number | null; lines: string[] } {
    const mocha = join(PROJECT_ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js');
    const words = ['--no-config', '--reporter', helper('counting-reporter')];
    const inherited = { ...process.env };
    delete inherited['KV_REQUIRE_TOOLS'];
    delete inherited['KV_COUNTS_FILE'];
    const { status, stdout } = spawnSync(
      process.execPath,
      [mocha, ...words, join(folder, 'some.test.mjs')],
      { encoding: 'utf8', env: { ...inherited, ...env } },
    );
    return { status, lines: stdout.trimEnd().split('\n') };
  }

  it('is the last one, and counts a missing tool as skipped, by name', () => {
    const { status, lines } = runMocha({});
    expect(status).to.equal(1);
    expect(lines.at(-1)).to.equal('2 passed, 1 failed, 2 skipped');
    expect(lines).to.include('skipped: lacks a tool (no-such-tool is not installed)');
    expect(lines).to.include('skipped: a suite (no-such-tool is not installed) lacks one too');
  });

  it('counts a missing tool as failed where tools are required', () => {
    const { lines } = runMocha({ KV_REQUIRE_TOOLS: '1' });
    expect(lines.at(-1)).to.equal('2 passed, 3 failed');
  });
});
