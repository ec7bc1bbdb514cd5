/** Folders in odd states, as `--dump_log` tells of them. */
import { expect } from 'chai';
import { DiskError } from '../../../src/ports/disk.js';
import { dumpFolder } from '../../../src/wal/dump.js';
import { writeCheckpoint } from '../../../src/wal/snapshot-file.js';
import { MemoryDisk } from '../../helpers/memory-disk.js';
import { begin, rejection, tableWith } from './log-fixture.js';
import { commit, epoch } from './records.js';

type Line = Record<string, unknown>;

const SEGMENT = '00000001.log';

async function dumped(disk: MemoryDisk): Promise<Line[]> {
  const all: Line[] = [];
  for await (const line of dumpFolder(disk, { json: true })) all.push(JSON.parse(line) as Line);
  return all;
}

async function whole(disk: MemoryDisk, name: string): Promise<Buffer> {
  return disk.read(name, 0, await disk.size(name));
}

describe('wal/dump: folders in odd states', () => {
  let disk: MemoryDisk;

  beforeEach(async () => {
    disk = new MemoryDisk();
    const log = await begin(disk);
    log.append({ kind: 'epoch', epoch: { number: 1, nonce: 'n' }, withoutLog: true });
    log.append(commit(1));
    await log.flush();
  });

  function failReads(of: string, error: Error): void {
    const read = disk.read.bind(disk);
    disk.read = (name, offset, length) =>
      name.startsWith(of) ? Promise.reject(error) : read(name, offset, length);
  }

  async function checkpointed(): Promise<void> {
    const other = new MemoryDisk();
    const log = await begin(other);
    const { frames } = tableWith(['a']);
    const written = writeCheckpoint(log, [epoch(4)], frames[Symbol.iterator]());
    await log.flush();
    await written;
    disk = other;
  }

  it('marks a start without log', async () => {
    const found = await dumped(disk);
    expect(found[2]).to.include({ kind: 'epoch', epoch: 1, withoutLog: true });
  });

  it('shows a base record that knows no epoch', async () => {
    const log = await begin(disk);
    const lists = { view: null, epochs: [], recent: [], lineage: [] };
    log.append({ kind: 'state', lastTxid: 1, settledTxid: 1, ...lists });
    await log.flush();
    expect((await dumped(disk)).at(-1)).to.include({ kind: 'state', view: null, epochs: 0 });
  });

  it('tells zeros that nobody wrote from a write that was cut off', async () => {
    const bytes = await whole(disk, SEGMENT);
    disk.plant(SEGMENT, Buffer.concat([bytes, Buffer.alloc(40)]));
    const end = { file: SEGMENT, at: bytes.length };
    const zeros = { ...end, kind: 'end', reason: 'zeros that nobody wrote' };
    expect((await dumped(disk)).at(-1)).to.deep.equal(zeros);
    disk.plant(SEGMENT, Buffer.concat([bytes, Buffer.alloc(40, 1)]));
    const torn = { ...end, kind: 'torn', reason: 'a write that was cut off' };
    expect((await dumped(disk)).at(-1)).to.deep.equal(torn);
  });

  it('calls a segment that was created and never written empty', async () => {
    disk.plant('00000002.log', Buffer.alloc(0));
    const torn = { file: '00000002.log', at: 0, kind: 'torn', reason: 'empty' };
    expect((await dumped(disk)).at(-1)).to.deep.equal(torn);
  });

  it('reads no records where neither meta file nor header says whose they are', async () => {
    for (const name of ['meta.0', 'meta.1']) await disk.remove(name);
    disk.flip(SEGMENT, 40);
    const found = await dumped(disk);
    expect(found.map(({ kind }) => kind)).to.not.include('commit');
    expect(found.at(-1)).to.include({ file: SEGMENT, kind: 'torn' });
  });

  it('calls a snapshot damaged that ends in the head of its first frame', async () => {
    await checkpointed();
    disk.plant('snapshot-00000002', Buffer.alloc(5));
    const found = (await dumped(disk)).find(({ file }) => file === 'snapshot-00000002');
    expect(found).to.include({ kind: 'damage' });
  });

  it('goes on behind a file that the disk does not give', async () => {
    await checkpointed();
    failReads('snapshot', new DiskError('io', 'EIO'));
    const found = await dumped(disk);
    const line = found.find(({ file }) => file === 'snapshot-00000002');
    expect(line).to.include({ kind: 'damage', reason: 'EIO' });
    expect(found.at(-1)).to.include({ file: '00000002.log', kind: 'epoch' });
    failReads('meta', new DiskError('io', 'EIO'));
    expect((await dumped(disk))[0]).to.include({ file: 'meta', kind: 'damage', reason: 'EIO' });
  });

  it('does not hide faults of the program', async () => {
    await checkpointed();
    failReads('snapshot', new TypeError('a fault'));
    expect(await rejection(dumped(disk))).to.be.instanceOf(TypeError);
    failReads('meta', new TypeError('a fault'));
    expect(await rejection(dumped(disk))).to.be.instanceOf(TypeError);
  });
});
