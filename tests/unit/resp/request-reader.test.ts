/**
 * The request reader against the inputs that break other servers, each cut in every way. Long lines
 * are cut at a few places only.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { RequestReader, type ParsedRequest } from '../../../src/resp/request-reader.js';
import {
  everyFragmentation,
  readChunks,
  singleBytes,
  TEST_READER_LIMITS,
  type Read,
  type ReadOptions,
} from './read-requests.js';

const LONGEST_FOR_ALL_CUTS = 300;
const PING = ['PING'];

function check(input: string | Buffer, expected: readonly Read[], options: ReadOptions = {}): void {
  const bytes = typeof input === 'string' ? Buffer.from(input, 'latin1') : input;
  const cuts =
    bytes.length <= LONGEST_FOR_ALL_CUTS
      ? everyFragmentation(bytes)
      : [[bytes], singleBytes(bytes), [bytes.subarray(0, 7), bytes.subarray(7)]];
  for (const chunks of cuts) {
    const lengths = chunks.length === 2 ? ` cut at ${String(chunks[0]?.length)}` : '';
    expect(readChunks(chunks, options), `${chunks.length} chunks${lengths}`).to.deep.equal(
      expected,
    );
  }
}

function violation(text: string): string {
  return `!Protocol error: ${text}`;
}

/** name, bytes, what is read. */
type Case = readonly [name: string, input: string, expected: readonly Read[]];

const AFTER = '*1\r\n$4\r\nPING\r\n';
const BAD_COUNT = violation('invalid multibulk length');
const BAD_LENGTH = violation('invalid bulk length');
const BAD_QUOTES = violation('unbalanced quotes in request');

const INLINE: readonly Case[] = [
  ['LF alone', 'PING\n', [PING]],
  ['CR LF', 'ping\r\n', [['ping']]],
  ['spaces around', '   PING  \r\n', [PING]],
  ['empty lines', '\r\n\n\r\n   \r\nPING\r\n', [PING]],
  [
    'double quotes',
    '"a b" "\\x41\\n\\r\\t\\b\\a\\\\\\"\\q" c\r\n',
    [['a b', 'A\n\r\t\b\x07\\"q', 'c']],
  ],
  ['single quotes', "'a \\' \\n b'\r\n", [["a ' \\n b"]]],
  ['empty quotes', 'SET k ""\r\n', [['SET', 'k', '']]],
  ['bad hex digits stay', '"\\xZZ"\r\n', [['xZZ']]],
  ['a quote not followed by space', 'SET k "a"b\r\n', [BAD_QUOTES]],
  ['an open quote', 'SET k "abc\r\n', [BAD_QUOTES]],
  ['an open single quote', "SET k 'abc\r\n", [BAD_QUOTES]],
  ['nothing behind a violation', 'SET k "abc\r\nPING\r\n', [BAD_QUOTES]],
  ['CR alone waits', 'PING\r', []],
  ['CR within', 'PING\rPING\r\n', [['PING', 'PING']]],
  [
    'HTTP',
    'GET / HTTP/1.1\r\nHost: x\r\n',
    [
      ['GET', '/', 'HTTP/1.1'],
      ['Host:', 'x'],
    ],
  ],
  ['TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\r\n', []],
  ['NUL', 'PI\x00NG\r\nPING\r\n', []],
  ['mixed with arrays', `PING\r\n${AFTER}\r\nPING\r\n`, [PING, PING, PING]],
  [
    'tail of redis-cli --pipe',
    '\r\n*2\r\n$4\r\nECHO\r\n$3\r\n\x00\r\n\r\n',
    [['ECHO', '\x00\r\n']],
  ],
];

const MULTIBULK: readonly Case[] = [
  ...['0', '-1', '-10', '-2147483649'].map((count): Case => [
    `count ${count} is ignored`,
    `*${count}\r\n${AFTER}`,
    [PING],
  ]),
  ...[
    'abc',
    '',
    '+1',
    '01',
    ' 1',
    '2147483648',
    '12345678901234567890',
    '1.5',
    '-',
    '-0',
    '\x00',
  ].map((count): Case => [`count '${count}'`, `*${count}\r\n${AFTER}`, [BAD_COUNT]]),
  ['count 2147483647 waits', `*2147483647\r\n$4\r\nPING\r\n`, []],
  ['count 1048577 waits', `*1048577\r\n$4\r\nPING\r\n`, []],
  ['count 4294967296', '*4294967296\r\n', [BAD_COUNT]],
  ...['foo', ':1', '+PING', '*1', '-boom', '_', '#t', '%1', '\r', '\n'].map((element): Case => [
    `element '${element.trim()}'`,
    `*1\r\n${element}\r\n`,
    [violation(`expected '$', got '${(element[0] ?? '').replace(/[\r\n]/, ' ')}'`)],
  ]),
  ...['-1', '-10', 'abc', '', '+4', '04', '536870913', '99999999999', '12345678901234567890'].map(
    (length): Case => [`length '${length}'`, `*1\r\n$${length}\r\nPING\r\n`, [BAD_LENGTH]],
  ),
  ['length of 400 digits', `*1\r\n$${'9'.repeat(400)}\r\n`, [BAD_LENGTH]],
  ['length 536870912 waits', '*1\r\n$536870912\r\nPING', []],
  ['LF only waits', '*1\n$4\nPING\n', []],
  ['nested arrays', '*1\r\n'.repeat(60), [violation("expected '$', got '*'")]],
  ['empty bulks', '*3\r\n$0\r\n\r\n$0\r\n\r\n$1\r\nx\r\n', [['', '', 'x']]],
  ['binary bulk', '*1\r\n$6\r\n\x00\r\n$1\xff\r\n', [['\x00\r\n$1\xff']]],
  [
    'stale half command',
    `*2\r\n$3\r\nGET\r\nfoo\r\n${AFTER}`,
    [violation("expected '$', got 'f'")],
  ],
  ['two requests', `*2\r\n$3\r\nGET\r\n$1\r\nk\r\n${AFTER}`, [['GET', 'k'], PING]],
  ['a dollar first is inline', '$4\r\nPING\r\n', [['$4'], PING]],
  [':42 first is inline', ':42\r\n', [[':42']]],
];

/** Redis skips these bytes; we refuse them. */
const STRICT: readonly Case[] = [
  [
    'bytes other than CR LF behind a bulk',
    '*1\r\n$4\r\nPINGxx',
    [violation('expected CRLF after a bulk string')],
  ],
  [
    'too short a length',
    `*1\r\n$3\r\nPING\r\n${AFTER}`,
    [violation('expected CRLF after a bulk string')],
  ],
  [
    'CR behind a bulk alone',
    '*1\r\n$4\r\nPING\rx',
    [violation('expected CRLF after a bulk string')],
  ],
  ['no LF behind a count', '*1\rx$4\r\nPING\r\n', [BAD_COUNT]],
  ['no LF behind a length', '*1\r\n$4\rxPING\r\n', [BAD_LENGTH]],
];

describe('request reader', () => {
  for (const [name, input, expected] of [...INLINE, ...MULTIBULK, ...STRICT]) {
    it(name, () => check(input, expected));
  }

  it('waits at 65536 bytes of a line and refuses one more', () => {
    check('x'.repeat(65_536), []);
    check('x'.repeat(65_537), [violation('too big inline request')]);
    check(`${'x'.repeat(65_536)}\n`, [['x'.repeat(65_536)]]);
    check(`${'x'.repeat(70_000)}\n`, [violation('too big inline request')]);
    check(`\x00${'\n'.repeat(65_536)}`, [violation('too big inline request')]);
    check(`$\x00${'x\n'.repeat(40_000)}`, [violation('too big inline request')]);
  });

  it('refuses endless length lines', () => {
    check(`*${'1'.repeat(65_536)}`, [violation('too big mbulk count string')]);
    check(`*${'1'.repeat(65_535)}`, []);
    check(`*\x00${'1'.repeat(70_000)}`, [violation('too big mbulk count string')]);
    check(`*1\r\n$${'1'.repeat(65_536)}`, [violation('too big bulk count string')]);
    check(`*1\r\n$${'1'.repeat(65_535)}`, []);
  });

  it('keeps unauthenticated clients short, and lets them go on when they are not any more', () => {
    const restricted = { restricted: true };
    check('*11\r\n', [violation('unauthenticated multibulk length')], restricted);
    check('*1\r\n$16385\r\n', [violation('unauthenticated bulk length')], restricted);
    check('*10\r\n$16384\r\n', [], restricted);
    const reader = new RequestReader(TEST_READER_LIMITS);
    reader.restrict(true);
    reader.push(Buffer.from(`${AFTER}*11\r\n${'$1\r\nx\r\n'.repeat(11)}`));
    expect(reader.next()).to.have.property('type', 'request');
    reader.restrict(false);
    expect((reader.next() as ParsedRequest).args).to.have.length(11);
  });

  it('understands no inline command where none is allowed', () => {
    const options = { limits: { inline: false } };
    check('PING\r\n', [violation("expected '*', got 'P'")], options);
    check('\r\n', [violation("expected '*', got ' '")], options);
    check(AFTER, [PING], options);
  });

  it('reads a request beyond its limits to the end without keeping it', () => {
    const long = '*2\r\n$3\r\nSET\r\n$5\r\nabcde\r\n';
    check(long + AFTER, ['>bulk', PING], { limits: { maxKeptBulkBytes: 4 } });
    check(long + AFTER, [['SET', 'abcde'], PING], { limits: { maxKeptBulkBytes: 5 } });
    check(long + AFTER, ['>bytes', PING], { limits: { maxKeptRequestBytes: 3 + 5 + 127 } });
    check(long + AFTER, [['SET', 'abcde'], PING], { limits: { maxKeptRequestBytes: 3 + 5 + 128 } });
    check(long + AFTER, ['>args', PING], { limits: { maxKeptArgs: 1 } });
    check('SET abcde\r\n', ['>bulk'], { limits: { maxKeptBulkBytes: 4 } });
  });

  it('keeps no byte of a request that is beyond its limits', () => {
    const reader = new RequestReader({ ...TEST_READER_LIMITS, maxKeptBulkBytes: 1000 });
    reader.push(Buffer.from('*3\r\n$3\r\nSET\r\n$5\r\nabcde\r\n$500000\r\n'));
    reader.push(Buffer.alloc(400_000));
    expect(reader.next()).to.equal(null);
    expect(reader.partialBytes).to.equal(0);
    reader.push(Buffer.concat([Buffer.alloc(100_000), Buffer.from('\r\n')]));
    const next = reader.next() as ParsedRequest;
    expect(next.excess).to.equal('bulk');
    expect(next.args.from(0)).to.deep.equal([Buffer.from('SET')]);
  });

  it('stops in the middle of a chunk and tells what waits', () => {
    const reader = new RequestReader(TEST_READER_LIMITS);
    reader.push(Buffer.from(AFTER + AFTER));
    expect(reader.unparsedBytes).to.equal(28);
    reader.next();
    expect(reader.unparsedBytes).to.equal(14);
    reader.next();
    expect(reader.next()).to.equal(null);
    expect(reader.unparsedBytes).to.equal(0);
  });

  it('allocates nothing for what is only announced', () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 50 }, () => new RequestReader(TEST_READER_LIMITS));
    for (const reader of readers) {
      reader.push(Buffer.from('*2147483647\r\n$536870912\r\nx'));
      expect(reader.next()).to.equal(null);
    }
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(2_000_000);
  });

  it('collects a large bulk in one buffer, from chunks of any size', () => {
    const value = Buffer.alloc(3_000_000);
    for (let at = 0; at < value.length; at += 1) value[at] = (at * 7) & 0xff;
    const bytes = Buffer.concat([Buffer.from('*1\r\n$3000000\r\n'), value, Buffer.from('\r\n')]);
    for (const size of [1000, 65_536, 1_048_577]) {
      const reader = new RequestReader(TEST_READER_LIMITS);
      for (let at = 0; at < bytes.length; at += size) {
        const next = pushAndRead(reader, bytes.subarray(at, at + size));
        if (at + size < bytes.length) expect(next).to.equal(null);
        else expect(next?.args.bytes(0).equals(value)).to.equal(true);
        if (next !== null) expect(next.args.bytes(0).buffer.byteLength).to.equal(value.length);
      }
    }
  });

  it('copies no argument that lies in one chunk', () => {
    const chunk = Buffer.from('*2\r\n$3\r\nGET\r\n$1\r\nk\r\n');
    for (const end of [chunk.length, chunk.length - 1]) {
      const reader = new RequestReader(TEST_READER_LIMITS);
      const first = chunk.subarray(0, end);
      const args = (
        pushAndRead(reader, first) ?? pushAndRead(reader, chunk.subarray(end))
      )?.args.from(0);
      expect(args?.map((arg) => arg.toString())).to.deep.equal(['GET', 'k']);
      expect(args?.every((arg) => arg.buffer === chunk.buffer)).to.equal(true);
    }
  });

  it('needs time in proportion to a long line, however it is cut', () => {
    const reader = new RequestReader({ ...TEST_READER_LIMITS, inline: true });
    const byte = Buffer.from('x');
    for (let count = 0; count < 65_536; count += 1) {
      reader.push(byte);
      expect(reader.next()).to.equal(null);
    }
    expect(reader.partialBytes).to.equal(65_536);
  });

  it('reads back what is written, in any fragments', () => {
    const requests = fc.array(
      fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 6 }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(
        requests,
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        (list, sizes) => {
          const bytes = Buffer.concat(list.map(encodeRequest));
          const expected = list.map((args) =>
            args.map((arg) => Buffer.from(arg).toString('latin1')),
          );
          expect(readChunks(fragments(bytes, sizes))).to.deep.equal(expected);
        },
      ),
    );
  });

  it('never throws on junk, and reads the same however it is cut', () => {
    const pieces = fc.constantFrom(
      '*',
      '$',
      '1',
      '3',
      '-',
      '\r\n',
      '\n',
      'a',
      '"',
      "'",
      '\\x',
      '\0',
      ' ',
    );
    const junk = fc.oneof(
      fc.array(pieces, { maxLength: 60 }).map((list) => Buffer.from(list.join(''))),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(
        junk,
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (bytes, sizes) => {
          const whole = readChunks([bytes]);
          expect(readChunks(fragments(bytes, sizes))).to.deep.equal(whole);
          const violations = whole.filter((item) => typeof item === 'string');
          expect(violations.length).to.be.at.most(1);
          if (violations.length === 1) expect(whole.at(-1)).to.equal(violations[0]);
        },
      ),
      { numRuns: 500 },
    );
  });
});

function pushAndRead(reader: RequestReader, chunk: Buffer): ParsedRequest | null {
  reader.push(chunk);
  const next = reader.next();
  if (next?.type === 'violation') throw new Error(next.text);
  return next;
}

function encodeRequest(args: readonly Uint8Array[]): Buffer {
  const parts = args.flatMap((arg) => [
    Buffer.from(`$${arg.length}\r\n`),
    arg,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([Buffer.from(`*${args.length}\r\n`), ...parts]);
}

/** Cuts bytes into pieces of the given sizes, over and over. */
function fragments(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const list: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    list.push(bytes.subarray(at, at + size));
    at += size;
  }
  return list;
}
