/** The bytes that the load generator sends, and what it makes of those that come back. */
import { expect } from 'chai';
import { BASE_LOAD, type LoadSpec } from '../../../bench/load/load-spec.js';
import { BULK, ERROR, INTEGER, ReplyScanner, SIMPLE } from '../../../bench/load/reply-scanner.js';
import { KeyChooser, RequestBatch } from '../../../bench/load/request-batch.js';
import { everyFragmentation, readChunks } from '../resp/read-requests.js';

function scan(chunks: readonly Buffer[]): unknown[] {
  const found: unknown[] = [];
  const scanner = new ReplyScanner((type, number, text) => found.push([type, number, text]));
  for (const chunk of chunks) scanner.take(chunk, chunk.length);
  return found;
}

describe('a reply scanner', () => {
  const bytes = Buffer.from('+OK\r\n$5\r\na\r\n:1\r\n$-1\r\n:-42\r\n-ERR no\r\n$0\r\n\r\n+OK\r\n');
  const replies = [
    [SIMPLE, 0, ''],
    [BULK, 5, ''],
    [BULK, -1, ''],
    [INTEGER, -42, ''],
    [ERROR, 0, 'ERR no'],
    [BULK, 0, ''],
    [SIMPLE, 0, ''],
  ];

  it('finds the same replies however the bytes are cut', () => {
    // The value is `a`, line end, `:1`: it must not be taken for a reply.
    expect(scan([bytes])).to.deep.equal(replies);
    for (const chunks of everyFragmentation(bytes)) expect(scan(chunks)).to.deep.equal(replies);
  });

  it('refuses what is no flat reply', () => {
    expect(() => scan([Buffer.from('*1\r\n+OK\r\n')])).to.throw('begins with byte 42');
  });
});

describe('a batch of requests', () => {
  function sent(load: Partial<LoadSpec>, count: number, times = 1): unknown[] {
    const spec = { ...BASE_LOAD, port: 0, valueBytes: 3, keys: 3, pairs: 2, ...load };
    const batch = new RequestBatch(spec, new KeyChooser(spec, 1), count);
    const chunks = Array.from({ length: times }, () => Buffer.from(batch.fill()));
    return readChunks(chunks);
  }
  const key = (number: number): string => `key:00000000000${number}`;

  it('goes through the keys in order and begins again', () => {
    expect(sent({ order: 'sequential' }, 2, 2)).to.deep.equal([
      ['SET', key(0), 'vvv'],
      ['SET', key(1), 'vvv'],
      ['SET', key(2), 'vvv'],
      ['SET', key(0), 'vvv'],
    ]);
  });

  it('draws keys at random, all of them and no other', () => {
    const keys = sent({ operations: ['get'], keys: 1000 }, 16, 1000).map(
      (request) => (request as readonly string[])[1] ?? '',
    );
    expect(new Set(keys).size).to.equal(1000);
    expect([...keys].sort().at(-1)).to.equal('key:000000000999');
  });

  it('has a key for each pair of an MSET, and a WAIT behind a SET', () => {
    expect(sent({ operations: ['mset'], order: 'sequential' }, 1)).to.deep.equal([
      ['MSET', key(0), 'vvv', key(1), 'vvv'],
    ]);
    expect(sent({ operations: ['setThenWait'], order: 'sequential' }, 1)).to.deep.equal([
      ['SET', key(0), 'vvv'],
      ['WAIT', '3', '10000'],
    ]);
  });

  it('mixes operations evenly', () => {
    const names = sent({ operations: ['set', 'get'] }, 16, 100).map(
      (request) => (request as readonly string[])[0],
    );
    expect(names.filter((name) => name === 'SET').length).to.be.within(700, 900);
    expect(names).to.have.length(1600);
  });
});
