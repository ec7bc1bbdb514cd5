/**
 * What every implementation of the Disk port must do; run on the real one and the simulated one.
 */
import { expect } from 'chai';
import { type Disk, DiskError } from '../../src/ports/disk.js';

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof DiskError) return error.code;
    throw error;
  }
  return 'resolved';
}

/** `make` gives an empty folder of its own to each test. */
export function runDiskTests(name: string, make: () => Promise<Disk>): void {
  describe(`disk: ${name}`, () => {
    let disk: Disk;

    beforeEach(async () => {
      disk = await make();
    });

    it('begins empty and lists what was created, sorted', async () => {
      expect(await disk.list()).to.deep.equal([]);
      for (const file of ['b', 'a']) await (await disk.create(file)).close();
      expect(await disk.list()).to.deep.equal(['a', 'b']);
    });

    it('appends chunks in order and counts their bytes', async () => {
      const file = await disk.create('f');
      expect(file.size).to.equal(0);
      await file.append([Buffer.from('ab'), Buffer.alloc(0), Buffer.from('cde')]);
      await file.append([]);
      await file.append([Buffer.from('f')]);
      await file.sync();
      expect(file.size).to.equal(6);
      expect(await disk.size('f')).to.equal(6);
      expect((await disk.read('f', 0, 100)).toString()).to.equal('abcdef');
      await file.close();
    });

    it('appends more chunks and more bytes than one system call takes', async () => {
      const file = await disk.create('f');
      const chunks = Array.from({ length: 5000 }, (_, i) => Buffer.from(`${i},`));
      const large = Buffer.alloc(20 * 1024 * 1024, 7);
      await file.append([...chunks, large]);
      const start = Buffer.concat(chunks);
      expect(file.size).to.equal(start.length + large.length);
      expect((await disk.read('f', 0, start.length)).equals(start)).to.equal(true);
      expect(await disk.read('f', file.size - 1, 9)).to.deep.equal(Buffer.from([7]));
      await file.close();
    });

    it('reads any part, and less only at the end', async () => {
      const file = await disk.create('f');
      await file.append([Buffer.from('0123456789')]);
      expect((await disk.read('f', 3, 4)).toString()).to.equal('3456');
      expect((await disk.read('f', 8, 4)).toString()).to.equal('89');
      expect((await disk.read('f', 10, 4)).length).to.equal(0);
      expect((await disk.read('f', 99, 4)).length).to.equal(0);
      await file.close();
    });

    it('opens an existing file for appending at its end', async () => {
      const first = await disk.create('f');
      await first.append([Buffer.from('one')]);
      await first.close();
      const second = await disk.open('f');
      expect(second.size).to.equal(3);
      await second.append([Buffer.from('two')]);
      await second.close();
      expect((await disk.read('f', 0, 9)).toString()).to.equal('onetwo');
    });

    it('appends at the new end after a cut', async () => {
      const file = await disk.create('f');
      await file.append([Buffer.from('0123456789')]);
      await file.truncate(4);
      expect(file.size).to.equal(4);
      await file.append([Buffer.from('x')]);
      await file.sync();
      await file.close();
      expect((await disk.read('f', 0, 99)).toString()).to.equal('0123x');
    });

    it('writes the end of a file again without changing a byte', async () => {
      const bytes = Buffer.alloc(3 * 1024 * 1024, 'some bytes');
      const file = await disk.create('f');
      await file.append([bytes]);
      for (const offset of [0, 1000, bytes.length]) await disk.refresh('f', offset);
      expect((await disk.read('f', 0, bytes.length + 1)).equals(bytes)).to.equal(true);
      await file.append([Buffer.from('x')]);
      expect(await disk.size('f')).to.equal(bytes.length + 1);
      await file.close();
    });

    it('renames, also onto a name that exists', async () => {
      for (const name of ['a', 'b']) {
        const file = await disk.create(name);
        await file.append([Buffer.from(name)]);
        await file.close();
      }
      await disk.rename('a', 'b');
      await disk.syncFolder();
      expect(await disk.list()).to.deep.equal(['b']);
      expect((await disk.read('b', 0, 9)).toString()).to.equal('a');
    });

    it('keeps an open file usable under its new name', async () => {
      const file = await disk.create('a');
      await disk.rename('a', 'b');
      await file.append([Buffer.from('x')]);
      await file.sync();
      await file.close();
      expect(await disk.size('b')).to.equal(1);
    });

    it('removes', async () => {
      await (await disk.create('a')).close();
      await disk.remove('a');
      await disk.syncFolder();
      expect(await disk.list()).to.deep.equal([]);
    });

    it('names what is missing or in the way', async () => {
      await (await disk.create('a')).close();
      expect(await codeOf(disk.create('a'))).to.equal('exists');
      expect(await codeOf(disk.open('none'))).to.equal('missing');
      expect(await codeOf(disk.size('none'))).to.equal('missing');
      expect(await codeOf(disk.read('none', 0, 1))).to.equal('missing');
      expect(await codeOf(disk.refresh('none', 0))).to.equal('missing');
      expect(await codeOf(disk.remove('none'))).to.equal('missing');
      expect(await codeOf(disk.rename('none', 'b'))).to.equal('missing');
    });
  });
}
