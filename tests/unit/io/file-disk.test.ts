import { expect } from 'chai';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileDisk } from '../../../src/io/file-disk.js';
import { runDiskTests } from '../../conformance/disk.js';
import { MemoryDisk } from '../../helpers/memory-disk.js';

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

  it('keeps others out of the folder and its files', async () => {
    const path = join(folder, 'private');
    const disk = await openFileDisk(path);
    await (await disk.create('f')).close();
    expect((await stat(path)).mode & 0o777).to.equal(0o700);
    expect((await stat(join(path, 'f'))).mode & 0o777).to.equal(0o600);
  });
});
