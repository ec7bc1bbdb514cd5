/** A log as traces of several lives show it: what is durable, and from which line on. */
import { expect } from 'chai';
import { batchChunks } from '../../../src/wal/batch.js';
import { encodeBody } from '../../../src/wal/codec.js';
import type { WalRecord } from '../../../src/wal/record.js';
import { encodeSegmentHeader } from '../../../src/wal/segment-header.js';
import { NEXT_LIFE, parseTrace } from '../../chaos/strace-lines.js';
import { tracedRecords } from '../../chaos/traced-log.js';

const HEADER = {
  role: 'participant',
  storeId: '0123456789abcdef0123456789abcdef',
  clusterId: 'fedcba9876543210fedcba9876543210',
  generation: 4,
  segment: 1,
  previousBytes: 0,
} as const;
const FILE = '/data/00000001.log';

const hex = (text: string | Buffer): string =>
  [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');

function flush(offset: number, txid: number): Buffer {
  const record: WalRecord = { kind: 'commit', epoch: 1, txid };
  const place = { storeId: HEADER.storeId, segment: HEADER.segment, offset };
  return Buffer.concat(batchChunks([encodeBody(record)], place));
}

const HEAD = encodeSegmentHeader(HEADER);
const FIRST = flush(HEAD.length, 1);
const SECOND = flush(HEAD.length + FIRST.length, 2);
/** Where the newest flush begins. */
const NEWEST = HEAD.length + FIRST.length;

const line = (rest: string): string => `41 1.0 ${rest}`;
const write = (bytes: Buffer): string =>
  line(`write(9<${hex(FILE)}>, "${hex(bytes)}", ${bytes.length}) = ${bytes.length}`);
const again = (bytes: Buffer, at: number): string =>
  line(`pwrite64(9<${hex(FILE)}>, "${hex(bytes)}", ${bytes.length}, ${at}) = ${bytes.length}`);
const SYNC = line(`fdatasync(9<${hex(FILE)}>) = 0`);
const KILLED = [
  line(`fdatasync(9<${hex(FILE)}> <unfinished ...>`),
  line('+++ killed by SIGKILL +++'),
];

const FIRST_LIFE = [write(HEAD), write(FIRST), SYNC, write(SECOND), ...KILLED, NEXT_LIFE];

/** By txid: the line in which its record became durable. */
function durable(lines: readonly string[]): (readonly [number, number])[] {
  return tracedRecords(parseTrace(lines.join('\n'))).flatMap(({ record, durableAt }) => {
    return record.kind === 'commit' ? [[record.txid, durableAt] as const] : [];
  });
}

describe('a log in the traces of several lives', () => {
  const after = FIRST_LIFE.length;

  it('does not count as durable what a killed process had not synced', () => {
    const expected = [
      [1, 2],
      [2, Infinity],
    ];
    expect(durable(FIRST_LIFE)).to.deep.equal(expected);
    // A later sync alone proves nothing of pages that an earlier one may have failed to write.
    expect(durable([...FIRST_LIFE, SYNC])).to.deep.equal(expected);
  });

  it('counts it from when the next life has synced what it wrote again in the same place', () => {
    const lines = [...FIRST_LIFE, again(SECOND, NEWEST), SYNC];
    expect(durable(lines)).to.deep.equal([
      [1, 2],
      [2, after + 1],
    ]);
  });

  it('does not count what was written again behind a gap', () => {
    const gap = SECOND.subarray(8);
    const [, second] = durable([...FIRST_LIFE, again(gap, NEWEST + 8), SYNC]);
    expect(second).to.deep.equal([2, Infinity]);
  });

  it('takes from the next life what the killed one wrote in a call that never returned', () => {
    const cut = line(`write(9<${hex(FILE)}>, "${hex(SECOND)}", ${SECOND.length}) = ?`);
    const lines = [write(HEAD), write(FIRST), SYNC, cut, KILLED[1] ?? '', NEXT_LIFE];
    const refreshed = [...lines, again(SECOND, NEWEST), SYNC];
    expect(durable(refreshed)).to.deep.equal([
      [1, 2],
      [2, lines.length + 1],
    ]);
  });

  it('does not take the end of a call from another life', () => {
    const begun = line(
      `write(9<${hex(FILE)}>, "${hex(SECOND)}", ${SECOND.length} <unfinished ...>`,
    );
    const resumed = line(`<... write resumed>) = ${SECOND.length}`);
    const lines = [write(HEAD), write(FIRST), SYNC, begun, NEXT_LIFE, resumed, SYNC];
    expect(durable(lines)).to.deep.equal([[1, 2]]);
  });
});
