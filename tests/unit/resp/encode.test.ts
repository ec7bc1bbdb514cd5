import { constants } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import RedisParser from 'redis-parser';
import { bytesOf } from '../../../src/base/bytes.js';
import { encodeReply, ReplyWriter, type RespVersion } from '../../../src/resp/encode.js';
import * as replies from '../../../src/resp/replies.js';
import type { Reply } from '../../../src/resp/replies.js';

const { array, bulk, error, integer, map, set, simple, verbatim, words } = replies;

function bytes(reply: Reply, version: RespVersion): string {
  return encodeReply(reply, version).toString('latin1');
}

describe('reply encoding', () => {
  const cases: readonly (readonly [string, Reply, string, string])[] = [
    ['OK', replies.OK, '+OK\r\n', '+OK\r\n'],
    ['error', error('ERR x'), '-ERR x\r\n', '-ERR x\r\n'],
    ['integer', integer(-3), ':-3\r\n', ':-3\r\n'],
    [
      'bulk',
      bulk(Buffer.from('Cloud Computing')),
      '$15\r\nCloud Computing\r\n',
      '$15\r\nCloud Computing\r\n',
    ],
    [
      'binary bulk',
      bulk(Buffer.from([0, 13, 10, 255])),
      '$4\r\n\0\r\n\xff\r\n',
      '$4\r\n\0\r\n\xff\r\n',
    ],
    ['text bulk in UTF-8', bulk('é'), '$2\r\n\xc3\xa9\r\n', '$2\r\n\xc3\xa9\r\n'],
    ['null', replies.NULL, '$-1\r\n', '_\r\n'],
    ['array', array([integer(1), replies.NULL]), '*2\r\n:1\r\n$-1\r\n', '*2\r\n:1\r\n_\r\n'],
    ['empty array', array([]), '*0\r\n', '*0\r\n'],
    ['set', set([simple('a')]), '*1\r\n+a\r\n', '~1\r\n+a\r\n'],
    ['map', map([[bulk('a'), integer(1)]]), '*2\r\n$1\r\na\r\n:1\r\n', '%1\r\n$1\r\na\r\n:1\r\n'],
    ['verbatim', verbatim('hi'), '$2\r\nhi\r\n', '=6\r\ntxt:hi\r\n'],
    [
      'words',
      words(Buffer.from('Cloud Computing')),
      '*2\r\n$5\r\nCloud\r\n$9\r\nComputing\r\n',
      '',
    ],
    [
      'words at single spaces',
      words(Buffer.from(' a  b ')),
      '*5\r\n$0\r\n\r\n$1\r\na\r\n$0\r\n\r\n$1\r\nb\r\n$0\r\n\r\n',
      '',
    ],
    ['no words', words(Buffer.alloc(0)), '*1\r\n$0\r\n\r\n', ''],
  ];
  for (const [name, reply, resp2, resp3] of cases) {
    it(name, () => {
      expect(bytes(reply, 2)).to.equal(resp2);
      expect(bytes(reply, 3)).to.equal(resp3 === '' ? resp2 : resp3);
    });
  }

  it('never lets a line end out of an error or a simple string', () => {
    expect(bytes(error('ERR a\r\n+OK\n'), 2)).to.equal('-ERR a  +OK \r\n');
    expect(bytes(simple('a\r\nb'), 3)).to.equal('+a  b\r\n');
  });

  it('passes bytes of an error text through unchanged', () => {
    expect(bytes(error('ERR \xff\xfe'), 2)).to.equal('-ERR \xff\xfe\r\n');
  });

  it('gathers small replies in one text and passes a large value on without a copy', () => {
    const writer = new ReplyWriter();
    const large = Buffer.alloc(100_000, 'x');
    for (let count = 0; count < 100; count += 1) writer.write(replies.OK, 2);
    writer.write(bulk(large), 2);
    writer.write(replies.OK, 2);
    const length = writer.length;
    const taken = writer.take();
    expect(taken).to.have.length(3);
    expect(taken[1]).to.equal(large);
    expect(bytesOf(taken)).to.have.length(length);
    expect(writer.length).to.equal(0);
    expect(writer.take()).to.deep.equal([]);
  });

  it('writes more small values than one text can hold', () => {
    const value = bulk(Buffer.alloc(2048, 'x'));
    const writer = new ReplyWriter();
    writer.write(array(Array.from({ length: 270_000 }, () => value)), 2);
    const { length } = writer;
    const parts = writer.take();
    expect(length).to.be.greaterThan(constants.MAX_STRING_LENGTH);
    expect(parts.reduce((sum, part) => sum + part.length, 0)).to.equal(length);
    expect(parts.slice(0, -1).every((part) => Buffer.isBuffer(part))).to.equal(true);
  });

  it('keeps little text, however it is mixed with large values', () => {
    const writer = new ReplyWriter();
    const items = Array.from({ length: 3000 }, (_, index) =>
      bulk(Buffer.alloc(2000 + (index % 3) * 40, 'x')),
    );
    for (let count = 0; count < 2; count += 1) {
      writer.write(array(items), 2);
      const text = writer
        .take()
        .filter((part) => typeof part === 'string')
        .join('');
      expect(text.length).to.be.within(32 * 1024, 64 * 1024);
    }
  });

  it('keeps texts and values in order where a text was cut', () => {
    const small = bulk(Buffer.alloc(2048, 's'));
    const large = bulk(Buffer.alloc(4000, 'l'));
    const items = Array.from({ length: 2000 }, (_, index) => (index % 700 === 0 ? large : small));
    const one = (item: Reply): string => bytes(item, 2);
    expect(bytes(array(items), 2)).to.equal(`*2000\r\n${items.map(one).join('')}`);
  });

  it('lets nothing out of a text that is more than a byte', () => {
    expect(bytes(error('ERR \u010a+OK\u010d'), 2)).to.equal('-ERR ?+OK?\r\n');
  });

  it('is read back by a reply parser', () => {
    fc.assert(
      fc.property(fc.array(replyTree(), { maxLength: 5 }), (list) => {
        const seen: unknown[] = [];
        const parser = new RedisParser({
          returnBuffers: true,
          returnReply: (reply) => seen.push(reply),
          returnError: (reply) => seen.push(reply),
          returnFatalError: (fatal) => {
            throw fatal;
          },
        });
        for (const reply of list) parser.execute(encodeReply(reply, 2));
        expect(seen.map(shape)).to.deep.equal(list.map(meaning));
      }),
    );
  });

  it('gives back a value when the words are joined', () => {
    const value = fc.array(fc.constantFrom('a', ' ', '\r\n', '\0'), { maxLength: 30 });
    fc.assert(
      fc.property(value, (list) => {
        const seen: unknown[] = [];
        const parser = new RedisParser({
          returnBuffers: true,
          returnReply: (reply) => seen.push(reply),
          returnError: () => undefined,
        });
        parser.execute(encodeReply(words(Buffer.from(list.join(''))), 2));
        const [found] = seen as Buffer[][];
        expect(found?.map((word) => word.toString()).join(' ')).to.equal(list.join(''));
      }),
    );
  });
});

function replyTree(): fc.Arbitrary<Reply> {
  const leaf: fc.Arbitrary<Reply> = fc.oneof(
    fc.integer().map(integer),
    fc.uint8Array({ maxLength: 30 }).map((data) => bulk(Buffer.from(data))),
    fc.stringMatching(/^[ -~]{0,20}$/).map(simple),
    fc.stringMatching(/^[A-Z]{1,8} [ -~]{0,20}$/).map(error),
    fc.constant(replies.NULL),
  );
  return fc.oneof(leaf, fc.array(leaf, { maxLength: 4 }).map(array));
}

function meaning(reply: Reply): unknown {
  switch (reply.kind) {
    case 'integer':
      return reply.value;
    case 'bulk':
      return Buffer.from(reply.value as Buffer).toString('latin1');
    case 'simple':
      return reply.text;
    case 'error':
      return `error ${reply.text}`;
    case 'array':
      return reply.items.map(meaning);
    default:
      return null;
  }
}

function shape(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  if (value instanceof Error) return `error ${value.message}`;
  return Array.isArray(value) ? value.map(shape) : value;
}
