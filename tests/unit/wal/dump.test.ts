import { expect } from 'chai';
import { MemoryDisk } from '../../helpers/memory-disk.js';
import { crc32 } from '../../../src/base/hash.js';
import { dumpFolder } from '../../../src/wal/dump.js';
import { HEADER_AT, KIND_NUMBERS } from '../../../src/wal/format.js';
import { writeCheckpoint } from '../../../src/wal/snapshot-file.js';
import {
  OPTIONS,
  STORE_ID,
  begin,
  payloadOf,
  rejection,
  replay,
  tableWith,
} from './log-fixture.js';
import { commit, epoch, oneOfEach, prepared, view } from './records.js';

type Line = Record<string, unknown>;

async function lines(disk: MemoryDisk, json: boolean): Promise<string[]> {
  const all: string[] = [];
  for await (const line of dumpFolder(disk, { json })) all.push(line);
  return all;
}

async function jsonLines(disk: MemoryDisk): Promise<Line[]> {
  return (await lines(disk, true)).map((line) => JSON.parse(line) as Line);
}

describe('wal/dump', () => {
  let disk: MemoryDisk;

  beforeEach(() => {
    disk = new MemoryDisk();
  });

  it('prints every record with its place, and changes nothing', async () => {
    const log = await begin(disk);
    for (const record of oneOfEach()) log.append(record);
    await log.flush();
    const before = disk.contents();
    const { operations } = disk;
    const found = await jsonLines(disk);
    expect(found[0]).to.include({ file: 'meta', kind: 'identity', storeId: STORE_ID });
    expect(found[1]).to.include({ file: '00000001.log', at: 0, kind: 'header' });
    const records = found.slice(2);
    expect(records.map((line) => line['kind'])).to.deep.equal(oneOfEach().map(({ kind }) => kind));
    expect(new Set(records.map((line) => line['kind'])).size).to.equal(
      Object.keys(KIND_NUMBERS).length,
    );
    let at = 96;
    for (const line of records) {
      expect(line['at']).to.equal(at);
      at += Number(line['bytes']);
    }
    expect(at).to.equal(await disk.size('00000001.log'));
    expect(disk.operations).to.equal(operations);
    expect(disk.contents()).to.deep.equal(before);
  });

  it('prints a table for people, without what clients stored', async () => {
    const log = await begin(disk);
    log.append(epoch(4));
    log.append(view(2));
    log.append(prepared(7, payloadOf('secret')));
    log.append(commit(7));
    await log.flush();
    const text = (await lines(disk, false)).join('\n');
    expect(text).to.match(/^file +at +bytes +kind +epoch:txid$/m);
    expect(text).to.match(/^00000001\.log +\d+ +\d+ +prepared +3:7 .*sets=1 dels=0$/m);
    expect(text).to.match(/^00000001\.log +\d+ +32 +commit +3:7$/m);
    expect(text).to.match(/members=127\.0\.0\.1:8002\/a{32},/);
    expect(text).to.not.include('secret');
  });

  it('shows a snapshot by its header', async () => {
    const log = await begin(disk);
    const { frames } = tableWith(['a', 'b'], 9);
    const written = writeCheckpoint(log, [epoch(1)], frames[Symbol.iterator]());
    await log.flush();
    await written;
    const line = (await jsonLines(disk)).find((each) => each['kind'] === 'snapshot');
    expect(line).to.include({ file: 'snapshot-00000002', txid: 9, epoch: 3, keys: 2 });
    expect(line).to.include({ storeId: STORE_ID });
    disk.flip('snapshot-00000002', 20);
    const damaged = (await jsonLines(disk)).find((each) => each['kind'] === 'damage');
    expect(damaged).to.include({ file: 'snapshot-00000002' });
  });

  it('says where damage is and goes on with the next file', async () => {
    const log = await begin(disk, { ...OPTIONS, segmentRecords: 2 });
    for (let txid = 1; txid <= 4; txid += 1) {
      log.append(prepared(txid));
      await log.flush();
    }
    disk.flip('00000001.log', 100);
    disk.flip('00000002.log', (await disk.size('00000002.log')) - 1);
    const found = (await jsonLines(disk)).map(({ file, kind, at }) => ({ file, kind, at }));
    expect(found).to.deep.include({ file: '00000001.log', kind: 'damage', at: 96 });
    expect(
      found.filter(({ file, kind }) => file === '00000002.log' && kind === 'prepared'),
    ).to.have.lengthOf(1);
    expect(found.at(-1)).to.include({ file: '00000002.log', kind: 'torn' });
  });

  it('says that a segment is shorter than it was when the next one was begun', async () => {
    const log = await begin(disk, { ...OPTIONS, segmentRecords: 2 });
    for (let txid = 1; txid <= 3; txid += 1) {
      log.append(commit(txid));
      await log.flush();
    }
    const damage = async (): Promise<unknown[]> =>
      (await jsonLines(disk)).filter((each) => each['kind'] === 'damage');
    expect(await damage()).to.deep.equal([]);
    disk.plant('00000001.log', await disk.read('00000001.log', 0, 128));
    const [line] = await damage();
    expect(line).to.include({ file: '00000001.log', at: 128 });
    await disk.remove('00000001.log');
    expect(await damage(), 'older segments are removed').to.deep.equal([]);
  });

  it('works without a meta file and on a folder that is empty', async () => {
    expect(await jsonLines(disk)).to.deep.equal([
      { file: 'meta', kind: 'damage', reason: 'missing or unusable' },
    ]);
    const log = await begin(disk);
    log.append(prepared(1));
    await log.flush();
    await disk.remove('meta.0');
    disk.flip('meta.1', 3);
    expect((await jsonLines(disk)).map((line) => line['kind'])).to.deep.equal([
      'damage',
      'header',
      'prepared',
    ]);
  });

  it('names a later format, as a start does', async () => {
    const log = await begin(disk);
    log.append(prepared(1));
    await log.flush();
    const bytes = await disk.read('00000001.log', 0, 1_000_000);
    bytes.writeUInt16BE(2, HEADER_AT.version);
    bytes.writeUInt16BE(crc32(bytes.subarray(0, HEADER_AT.check)) & 0xffff, HEADER_AT.check);
    disk.plant('00000001.log', bytes);
    expect((await lines(disk, true)).at(-1)).to.include('format 2 of a later release');
    const error = await rejection(replay(disk));
    expect(error).to.include({ code: 'newer-format' });
    expect(error.message).to.include('later release (format 2)');
  });
});
