/** A folder that is set aside while another process is just about to lock it. */
import { existsSync } from 'node:fs';
import { constants, mkdtemp, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { FolderLockedError, lockFolder, lockOpened } from '../../../src/io/folder-lock.js';

describe('io/folder-lock: a folder that is replaced', () => {
  let parent = '';
  let folder = '';
  let aside = '';

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'kv-replaced-'));
    folder = join(parent, 'data');
    aside = join(parent, 'aside');
    await mkdir(folder);
  });
  afterEach(async () => {
    await rm(parent, { recursive: true });
  });

  /** Opens the file of the lock, and locks it after the folder was set aside. */
  async function lockLate(makeAnew: boolean): Promise<unknown> {
    const first = await lockFolder(folder, 'coordinator');
    const late = await open(join(folder, 'LOCK'), constants.O_RDWR);
    await rename(folder, aside);
    await first.release();
    if (makeAnew) {
      await mkdir(folder);
      await (await lockFolder(folder, 'coordinator')).release();
    }
    return lockOpened(late, folder, 'participant').catch((error: unknown) => error);
  }

  for (const [what, makeAnew] of [
    ['is there anew', true],
    ['is not there yet', false],
  ] as const) {
    it(`turns away who holds the lock of the old one when the new one ${what}`, async () => {
      const error = await lockLate(makeAnew);
      expect(error).to.be.instanceOf(FolderLockedError);
      expect(String(error)).to.include(folder).and.include('another folder in its place');
      const old = await readFile(join(aside, 'LOCK'), 'utf8');
      expect(old, 'it describes itself nowhere').to.match(/^the coordinator/);
      if (!makeAnew) await mkdir(folder);
      await (await lockFolder(folder, 'participant')).release();
      await (await lockFolder(aside, 'participant')).release();
    });
  }

  it('makes no folder', async () => {
    await lockLate(false);
    expect(existsSync(folder)).to.equal(false);
  });

  it('says so where the folder has just gone', async () => {
    await rename(folder, aside);
    const error = await lockFolder(folder, 'participant').catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(FolderLockedError);
    expect(String(error)).to.include('another folder in its place');
  });
});
