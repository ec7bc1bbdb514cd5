/** The example in docs/WAL_FORMAT.md is what the code writes and reads. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../helpers/project-root.js';
import { crc32 } from '../../../src/base/hash.js';
import { encodeCommands } from '../../../src/storage/commands.js';
import { KIND_NUMBERS } from '../../../src/wal/format.js';
import { SegmentReader } from '../../../src/wal/reader.js';
import type { WalRecord } from '../../../src/wal/record.js';

const PAGE = readFileSync(join(PROJECT_ROOT, 'docs/WAL_FORMAT.md'), 'utf8');

describe('docs/WAL_FORMAT.md', () => {
  it('shows bytes that decode to what it says of them', () => {
    const lines = [...PAGE.matchAll(/^ {4}[0-9a-f]{4} ((?: [0-9a-f]{2})+)$/gm)];
    const hex = lines.map((line) => line[1] ?? '').join('');
    const bytes = Buffer.from(hex.replace(/ /g, ''), 'hex');
    expect(bytes.length).to.equal(201);
    const records: WalRecord[] = [];
    const expected = { storeId: '00112233445566778899aabbccddeeff', segment: 1 };
    const reader = new SegmentReader(expected, (record) => records.push(record));
    reader.feed(bytes);
    expect(reader.finish()).to.deep.equal({ tail: 'clean' });
    const payload = encodeCommands([{ op: 'set', pairs: [['k', Buffer.from('v')]] }]);
    const { length } = payload;
    const crc = crc32(payload);
    expect(records).to.deep.equal([
      { kind: 'prepared', epoch: 2, txid: 7, view: 1, payload, stage: '', length, crc },
      { kind: 'commit', epoch: 2, txid: 7 },
    ]);
  });

  it('lists every kind by its number', () => {
    const listed = [...PAGE.matchAll(/^\| (\d+) +\| ([A-Z_]+) +\|/gm)].map((row) => [
      row[2]?.replaceAll('_', '').toLowerCase(),
      Number(row[1]),
    ]);
    const kinds = Object.entries(KIND_NUMBERS).map(([kind, number]) => [
      kind.toLowerCase(),
      number,
    ]);
    expect(Object.fromEntries(listed)).to.deep.equal({
      unresolved: 0,
      ...Object.fromEntries(kinds),
    });
  });
});
