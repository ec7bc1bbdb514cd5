import { expect } from 'chai';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Interface, createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { unshareCommand } from '../../helpers/namespaces.js';
import { SmallDisk } from '../../helpers/small-disk.js';
import { needsThat } from '../../helpers/tools.js';
import { FolderLockedError, lockFolder } from '../../../src/io/folder-lock.js';

const CHILD = fileURLToPath(new URL('../../helpers/lock-child.js', import.meta.url));

const ROUNDS = 200;

/** Rounds in which both contenders have just started; each takes two starts, so by default few. */
const FRESH_ROUNDS = Number(process.env['LOCK_ROUNDS'] ?? 4);

type Process = ChildProcessByStdio<Writable, Readable, null>;

class Contender {
  private readonly process: Process;
  private readonly lines: AsyncIterator<string>;
  private readonly reader: Interface;

  constructor(folder: string, wrapper: readonly string[] = []) {
    const command = [...wrapper, process.execPath, CHILD, folder];
    this.process = spawn(command[0] ?? '', command.slice(1), {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.reader = createInterface({ input: this.process.stdout });
    this.lines = this.reader[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    const next = await this.lines.next();
    return next.done === true ? '' : next.value;
  }

  say(line: 'lock' | 'release'): void {
    this.process.stdin.write(`${line}\n`);
  }

  async end(signal?: NodeJS.Signals): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exited = once(this.process, 'exit');
    if (signal === undefined) this.process.stdin.end();
    else this.process.kill(signal);
    await exited;
    this.reader.close();
  }
}

describe('io/folder-lock', () => {
  let folder = '';
  const contenders: Contender[] = [];

  function contender(path: string, wrapper: readonly string[] = []): Contender {
    const made = new Contender(path, wrapper);
    contenders.push(made);
    return made;
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kv-lock-'));
  });

  afterEach(async () => {
    for (const running of contenders.splice(0)) await running.end('SIGKILL');
    await rm(folder, { recursive: true });
  });

  async function winner(path: string, wrapper: readonly string[] = []): Promise<Contender> {
    const first = contender(path, wrapper);
    expect(await first.line()).to.equal('ready');
    first.say('lock');
    expect(await first.line()).to.equal('won');
    return first;
  }

  it('holds, names its holder, and can be had again after a release', async () => {
    const lock = await lockFolder(folder, 'coordinator');
    try {
      await lockFolder(folder, 'participant');
      expect.fail('the folder was locked twice');
    } catch (error) {
      expect(error).to.be.instanceOf(FolderLockedError);
      expect((error as Error).message).to.match(
        /in use by the coordinator with process id \d+ on /,
      );
    }
    await lock.release();
    await (await lockFolder(folder, 'coordinator')).release();
    expect((await stat(join(folder, 'LOCK'))).mode & 0o777).to.equal(0o600);
  });

  it('keeps another process out and names the one that is in', async () => {
    const first = await winner(folder);
    const second = contender(folder);
    expect(await second.line()).to.equal('ready');
    second.say('lock');
    expect(await second.line()).to.match(/^lost: .* in use by the participant with process id/);
    await Promise.all([first.end(), second.end()]);
  });

  it('is free at once after a kill -9 of its holder', async () => {
    const first = await winner(folder);
    await first.end('SIGKILL');
    const second = await winner(folder);
    await second.end();
  });

  it('holds on a disk that has no room to say who has it', async function () {
    const disk = SmallDisk.mount(1);
    needsThat(disk !== undefined, 'this machine lets nobody mount a tmpfs', this);
    try {
      disk?.fill();
      const lock = await lockFolder(disk?.folder ?? '', 'coordinator');
      const lost = await lockFolder(disk?.folder ?? '', 'participant').catch(String);
      expect(lost).to.match(/is in use$/);
      await lock.release();
    } finally {
      disk?.unmount();
    }
  });

  it('works at the end of a very long path', async () => {
    let path = folder;
    for (let depth = 0; depth < 12; depth += 1) path = join(path, 'd'.repeat(200));
    await mkdir(path, { recursive: true });
    expect(path.length).to.be.greaterThan(2400);
    const first = await winner(path);
    const lost = await lockFolder(path, 'participant').catch((error: unknown) => error);
    expect(lost).to.be.instanceOf(FolderLockedError);
    await first.end();
  });

  it('keeps out a process in another network and process namespace', async function () {
    const wrapper = unshareCommand(['--net', '--pid', '--fork', '--kill-child'], ['true'], this);
    const first = await winner(folder, wrapper);
    const lost = await lockFolder(folder, 'participant').catch((error: unknown) => error);
    expect(lost).to.be.instanceOf(FolderLockedError);
    await first.end();
    const lock = await lockFolder(folder, 'participant');
    const second = contender(folder, wrapper);
    expect(await second.line()).to.equal('ready');
    second.say('lock');
    expect(await second.line()).to.match(/^lost: /);
    await second.end();
    await lock.release();
  });

  async function race(two: readonly Contender[]): Promise<Contender> {
    for (const one of two) one.say('lock');
    const results = await Promise.all(two.map((one) => one.line()));
    const won = two.filter((_, index) => results[index] === 'won');
    expect(won, results.join(' / ')).to.have.lengthOf(1);
    return won[0] ?? expect.fail('nobody won');
  }

  it(`has exactly one winner of two at the same time, ${ROUNDS} times`, async function () {
    this.timeout(60_000);
    const two = [contender(folder), contender(folder)];
    for (const one of two) expect(await one.line()).to.equal('ready');
    for (let round = 0; round < ROUNDS; round += 1) {
      const won = await race(two);
      won.say('release');
      expect(await won.line()).to.equal('released');
    }
  });

  it(`has exactly one winner of two simultaneous starts, ${FRESH_ROUNDS} times`, async function () {
    this.timeout(FRESH_ROUNDS * 5000);
    for (let round = 0; round < FRESH_ROUNDS; round += 1) {
      const two = [contender(folder), contender(folder)];
      for (const one of two) expect(await one.line()).to.equal('ready');
      await race(two);
      await Promise.all(two.map((one) => one.end()));
    }
  });
});
