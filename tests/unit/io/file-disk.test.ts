import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { type FileHandle, mkdir, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openExistingFileDisk, openFileDisk } from '../../../src/io/file-disk.js';
import { DiskError } from '../../../src/ports/disk.js';
import { unshareCommand } from '../../helpers/namespaces.js';
import { runDiskTests } from '../../conformance/disk.js';
import { MemoryDisk } from '../../helpers/memory-disk.js';

const FULL_DISK_CHILD = fileURLToPath(new URL('../../helpers/full-disk-child.js', import.meta.url));

function replaceFdatasync(
  replacement: (fd: number, done: (error: NodeJS.ErrnoException | null) => void) => void,
): void {
  Object.assign(fs, { fdatasync: replacement });
  syncBuiltinESMExports();
}

/** Every sync of this process fails so, until the function that it resolves with is called. */
async function failSyncs(folder: string, code: string): Promise<() => void> {
  const probe = await open(folder);
  const handles = Object.getPrototypeOf(probe) as Pick<FileHandle, 'sync' | 'datasync'>;
  await probe.close();
  const { sync, datasync } = handles;
  const fail = (): Promise<void> => Promise.reject(Object.assign(new Error(code), { code }));
  const { fdatasync } = fs;
  replaceFdatasync((_fd, done) => {
    done(Object.assign(new Error(code), { code }));
  });
  Object.assign(handles, { sync: fail, datasync: fail });
  return () => {
    Object.assign(handles, { sync, datasync });
    replaceFdatasync(fdatasync);
  };
}

/** The folders that were synced meanwhile. */
async function foldersSynced(folder: string, action: () => Promise<unknown>): Promise<string[]> {
  const probe = await open(folder);
  const handles = Object.getPrototypeOf(probe) as Pick<FileHandle, 'sync'>;
  await probe.close();
  const { sync } = handles;
  const synced: string[] = [];
  Object.assign(handles, {
    sync(this: FileHandle) {
      synced.push(fs.readlinkSync(`/proc/self/fd/${this.fd}`));
      return sync.call(this);
    },
  });
  await action().finally(() => Object.assign(handles, { sync }));
  return synced;
}

describe('io/file-disk', () => {
  let folder = '';
  let made = 0;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kv-disk-'));
  });

  after(async () => {
    await rm(folder, { recursive: true });
  });

  runDiskTests('real folder', () => {
    made += 1;
    return openFileDisk(join(folder, `a/b${made}`));
  });
  runDiskTests('in memory', () => Promise.resolve(new MemoryDisk()));

  it('makes the names of folders durable that a process made which died at once', async () => {
    const path = join(folder, 'made/before');
    await mkdir(path, { recursive: true });
    const synced = await foldersSynced(folder, () => openFileDisk(path));
    expect(synced.slice(0, 3)).to.deep.equal([join(folder, 'made'), folder, tmpdir()]);
  });

  it('opens what is there without making anything', async () => {
    const path = join(folder, 'absent');
    const error: unknown = await openExistingFileDisk(path).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(DiskError).and.include({ code: 'missing' });
    expect(await stat(path).catch(() => null)).to.equal(null);
    await openFileDisk(path);
    expect(await (await openExistingFileDisk(path)).list()).to.deep.equal([]);
  });

  it('a sync that finds no room is a failed sync, not a full disk', async () => {
    const disk = await openFileDisk(join(folder, 'no-room'));
    const file = await disk.create('f');
    const restore = await failSyncs(folder, 'ENOSPC');
    try {
      for (const sync of [() => file.sync(), () => disk.syncFolder(), () => disk.refresh('f', 0)]) {
        const error: unknown = await sync().catch((reason: unknown) => reason);
        expect(error).to.be.instanceOf(DiskError).and.include({ code: 'io' });
      }
    } finally {
      restore();
    }
    await file.sync();
    await file.close();
  });

  it('a sync after the end is an error as any other', async () => {
    const disk = await openFileDisk(join(folder, 'ended'));
    const file = await disk.create('f');
    await file.close();
    const error: unknown = await file.sync().catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(DiskError).and.include({ code: 'io' });
  });

  it('S36: lets the log live through a really full disk and its end', async function () {
    this.timeout(30_000);
    const probe = ['mount', '-t', 'tmpfs', 'tmpfs', '/mnt'];
    const [program = '', ...options] = unshareCommand(['--mount'], probe, this);
    const mount = join(folder, 'mount');
    await mkdir(mount);
    const child = [...options, process.execPath, FULL_DISK_CHILD, mount];
    const { stdout, stderr } = spawnSync(program, child, { encoding: 'utf8' });
    expect(stderr).to.equal('');
    const seen = JSON.parse(stdout) as Record<string, unknown>;
    const refused = Number(seen['refused']);
    expect(refused).to.be.greaterThan(5);
    expect(seen).to.include({ fullAtFirst: true, fullAtLast: false });
    const whole = Array.from({ length: refused - 1 }, (_, i) => [
      `prepared ${i + 1}`,
      `commit ${i + 1}`,
    ]).flat();
    const last = [`abort ${refused}`, `prepared ${refused + 1}`];
    expect(seen['kinds']).to.deep.equal([...whole, ...last]);
  });

  it('keeps others out of the folder and its files', async () => {
    const path = join(folder, 'private');
    const disk = await openFileDisk(path);
    await (await disk.create('f')).close();
    expect((await stat(path)).mode & 0o777).to.equal(0o700);
    expect((await stat(join(path, 'f'))).mode & 0o777).to.equal(0o600);
  });
});
