/** The program as a shell starts it: what it prints where, and how it exits. */
import { spawnSync } from 'node:child_process';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { PROJECT_ROOT } from '../../helpers/project-root.js';

/** The program that was compiled together with this test; the launcher runs the one in `dist/`. */
const MAIN = fileURLToPath(new URL('../../../src/main.js', import.meta.url));

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

function run(program: string, argv: string[], cwd = PROJECT_ROOT): Outcome {
  return spawnSync(program, argv, { cwd, encoding: 'utf8', input: '', timeout: 10_000 });
}

const main = (...argv: string[]): Outcome => run(process.execPath, [MAIN, ...argv]);

describe('program', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'kv-program-'));
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const write = (text: string): string => {
    const file = join(folder, 'node.conf');
    writeFileSync(file, text);
    return file;
  };

  it('answers a bad command line with one line on standard error and exit code 2', () => {
    const { status, stdout, stderr } = main('--nonsense');
    expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' });
    expect(stderr).to.equal('kvstore2pcsystem: unknown argument `--nonsense`; see --help\n');
  });

  it('names file, line and key of a bad configuration, exit code 2', () => {
    const file = write('mode participant\ncoordinator_info 127.0.0.1:8001\nparticipant_inf a:2\n');
    const { status, stdout, stderr } = main('--config_path', file);
    expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' });
    expect(stderr).to.equal(
      `kvstore2pcsystem: ${file}:3: participant_inf: is not a setting; ` +
        'did you mean `participant_info`?\n',
    );
  });

  it('says why a configuration cannot be read, exit code 2', () => {
    const missing = join(folder, 'missing.conf');
    expect(main('--config_path', missing)).to.deep.include({
      status: 2,
      stderr: `kvstore2pcsystem: ${missing}: cannot be read: no such file or directory\n`,
    });
    expect(main('--config_path', folder)).to.deep.include({ status: 2 });
  });

  it('prints the effective settings and exits, with secrets hidden', () => {
    const file = write(
      'mode coordinator\ncoordinator_info a:1\nparticipant_info b:2\nrequirepass hush\n',
    );
    const { status, stdout, stderr } = main('--config_path', file, '--check');
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    expect(stdout).to.include('requirepass ***\n').and.include('heartbeat_interval 200ms\n');
    expect(stdout).to.not.include('hush');
    expect(stdout).to.include(`data_dir ${join(folder, 'data')}\n`);
  });

  it('prints the log of a folder as a table, and says why it cannot', () => {
    const { status, stdout, stderr } = main('--dump_log', folder);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    expect(stdout).to.match(/^file +at +bytes +kind/);
    const missing = main('--dump_log', join(folder, 'missing'));
    expect(missing.status).to.equal(1);
    expect(missing.stderr).to.match(/^kvstore2pcsystem: cannot open the folder .*\n$/);
  });

  it('prints help and its version', () => {
    expect(main('--help')).to.deep.include({ status: 0, stderr: '' });
    const version = (
      JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as { version: string }
    ).version;
    expect(main('--version').stdout).to.equal(`kvstore2pcsystem ${version}\n`);
  });
});

describe('launcher', () => {
  const launchers = ['kvstore2pcsystem', 'bin/kvstore2pcsystem'].map((each) =>
    join(PROJECT_ROOT, each),
  );

  for (const launcher of launchers) {
    it(`works through its absolute path from any folder: ${launcher}`, () => {
      expect(run(launcher, ['--version'], tmpdir())).to.deep.include({ status: 0, stderr: '' });
    });
  }

  it('works through a link from elsewhere, and below the project with a relative path', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kv-link-'));
    symlinkSync(join(PROJECT_ROOT, 'kvstore2pcsystem'), join(folder, 'kv'));
    expect(run('./kv', ['--version'], folder).status).to.equal(0);
    expect(run('../kvstore2pcsystem', ['--version'], join(PROJECT_ROOT, 'conf')).status).to.equal(
      0,
    );
    rmSync(folder, { recursive: true });
  });

  it('is short, and is run by node itself, so that no process stands between shell and server', () => {
    const text = readFileSync(join(PROJECT_ROOT, 'bin', 'kvstore2pcsystem'), 'utf8');
    expect(text.startsWith('#!/usr/bin/env node\n')).to.equal(true);
    expect(text.split('\n').length).to.be.below(15);
  });

  it('has no file beside it that course graders would try to build', () => {
    const built = /\.(c|cc|cpp|hpp|py|java|jar)$/;
    expect(readdirSync(PROJECT_ROOT).filter((name) => built.test(name))).to.deep.equal([]);
  });
});
