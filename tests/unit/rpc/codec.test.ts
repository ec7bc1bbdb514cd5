/** Every message through encoder, reader and decoder, in whole and in pieces. */
import { constants } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { type Bytes, bytesOf } from '../../../src/base/bytes.js';
import {
  PEER_PREFIX,
  decodeReply,
  decodeRequest,
  encodeReply,
  encodeRequest,
} from '../../../src/rpc/codec.js';
import { KeptArguments } from '../../../src/resp/arguments.js';
import {
  MAX_LATIN1_BYTES,
  MAX_NUMBER,
  MAX_PROSE_BYTES,
  MAX_TEXT_BYTES,
} from '../../../src/rpc/limits.js';
import type { Prepare, Reply, Request } from '../../../src/rpc/messages.js';
import { ReplyReader } from '../../../src/rpc/reply-reader.js';
import { RequestFrames } from '../../../src/rpc/request-frames.js';
import {
  anyReply,
  anyRequest,
  asReceived,
  cutAt,
  cuts,
  replies,
  requests,
} from './messages-arbitrary.js';

const RUNS = { numRuns: 40 };
const { MAX_STRING_LENGTH } = constants;

function readRequests(pieces: readonly Bytes[]): Request[] {
  const reader = new RequestFrames();
  return pieces.flatMap((piece) => reader.push(bytesOf([piece])));
}

function decode(args: readonly Buffer[]): Request {
  return decodeRequest(new KeptArguments(args));
}

function readReplies(pieces: readonly Bytes[]): Reply[] {
  const reader = new ReplyReader();
  return pieces.flatMap((piece) => reader.push(bytesOf([piece])));
}

function bytewise(whole: Buffer): Buffer[] {
  return Array.from(whole, (byte) => Buffer.of(byte));
}

const PREPARE: Prepare = {
  type: 'prepare',
  epoch: 3,
  view: 2,
  txid: 77,
  payload: [],
  stage: '',
  length: 0,
  crc: 0,
};

describe('rpc/codec: round trips', () => {
  for (const [type, arbitrary] of Object.entries<fc.Arbitrary<Request>>(requests)) {
    it(`request ${type}`, () => {
      fc.assert(
        fc.property(arbitrary, (message) => {
          const whole = bytesOf(encodeRequest(message));
          expect(readRequests([whole])).to.deep.equal([asReceived(message)]);
        }),
        RUNS,
      );
    });
  }
  for (const [type, arbitrary] of Object.entries<fc.Arbitrary<Reply>>(replies)) {
    it(`reply ${type}`, () => {
      fc.assert(
        fc.property(arbitrary, (message) => {
          const whole = bytesOf(encodeReply(message));
          expect(readReplies([whole])).to.deep.equal([asReceived(message)]);
        }),
        RUNS,
      );
    });
  }

  it('a stream of requests cut anywhere', () => {
    fc.assert(
      fc.property(fc.array(anyRequest, { maxLength: 5 }), cuts, (messages, places) => {
        const whole = bytesOf(messages.flatMap(encodeRequest));
        expect(readRequests(cutAt(whole, places))).to.deep.equal(messages.map(asReceived));
      }),
    );
  });

  it('a stream of replies cut anywhere', () => {
    fc.assert(
      fc.property(fc.array(anyReply, { maxLength: 5 }), cuts, (messages, places) => {
        const whole = bytesOf(messages.flatMap(encodeReply));
        expect(readReplies(cutAt(whole, places))).to.deep.equal(messages.map(asReceived));
      }),
    );
  });

  it('byte by byte', () => {
    fc.assert(
      fc.property(anyRequest, anyReply, (request, reply) => {
        const asked = bytewise(bytesOf(encodeRequest(request)));
        expect(readRequests(asked)).to.deep.equal([asReceived(request)]);
        const answered = bytewise(bytesOf(encodeReply(reply)));
        expect(readReplies(answered)).to.deep.equal([asReceived(reply)]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('rpc/codec: bytes on the wire', () => {
  it('a hello begins with a constant that no client sends', () => {
    expect(PEER_PREFIX.toString()).to.equal('*8\r\n$9\r\n2PC.HELLO\r\n');
    fc.assert(
      fc.property(requests.hello, (message) => {
        const whole = bytesOf(encodeRequest(message));
        expect(whole.subarray(0, PEER_PREFIX.length)).to.deep.equal(PEER_PREFIX);
      }),
    );
  });

  it('writes numbers, flags and words plainly', () => {
    const outcome = encodeRequest({ type: 'outcome', epoch: 3, txid: 12, commit: true });
    const expected = '*4\r\n$11\r\n2PC.OUTCOME\r\n$1\r\n3\r\n$2\r\n12\r\n$1\r\n1\r\n';
    expect(outcome).to.deep.equal([expected]);
  });

  it('puts small messages into one text', () => {
    const small = [Buffer.from('SET'), Buffer.from('key'), Buffer.alloc(100)];
    expect(encodeRequest({ ...PREPARE, payload: small })).to.have.length(1);
  });

  it('keeps little of a frame as text, which lies in the heap of the collector', () => {
    const data = Array.from({ length: 16 }, () => Buffer.alloc(30_000, 'x'));
    const lengths = data.map(({ length }) => length);
    const frame = encodeReply({ type: 'value', id: 1, count: 0, lengths, data });
    const texts = frame.filter((piece) => typeof piece === 'string');
    expect(texts.join('').length).to.be.at.most(64 * 1024);
    const [read] = readReplies(frame);
    expect(read?.type === 'value' && bytesOf(read.data).equals(Buffer.concat(data))).to.equal(true);
  });

  it('does not copy a large buffer', () => {
    const large = Buffer.alloc(100_000);
    const frames = encodeRequest({ ...PREPARE, payload: [Buffer.from('head'), large] });
    expect(frames).to.have.length(3);
    expect(frames[1]).to.equal(large);
    expect(encodeReply({ type: 'part', id: 1, offset: 0, bytes: large })[1]).to.equal(large);
  });

  it('frames more key bytes than one buffer of text holds', () => {
    const keys = Array.from({ length: 40 }, (_, i) => String(i).padEnd(65_536, '\xff'));
    const message: Request = { type: 'read', id: 1, view: 1, op: 'get', keys };
    const frames = encodeRequest(message);
    expect(frames.length).to.be.greaterThan(1);
    expect(readRequests(frames)).to.deep.equal([message]);
  });

  it('cuts a long sentence for people, in any script', () => {
    for (const letter of ['a', 'ß', '→', '😀']) {
      const reason = letter.repeat(MAX_PROSE_BYTES);
      const [reply] = readReplies(encodeReply({ type: 'unreadable', id: 1, reason }));
      const received = reply?.type === 'unreadable' ? reply.reason : '';
      expect(received.length).to.be.within(1000, MAX_PROSE_BYTES);
      expect(reason.startsWith(received.slice(0, 100))).to.equal(true);
    }
  });

  it('keeps no slice of what the parser hands out', () => {
    const bytes = Buffer.alloc(64, 'x');
    const whole = bytesOf(encodeReply({ type: 'part', id: 1, offset: 0, bytes }));
    const [reply] = new ReplyReader().push(whole);
    whole.fill(0);
    expect(reply).to.deep.equal({ type: 'part', id: 1, offset: 0, bytes });
  });

  it('drops a fraction of a millisecond', () => {
    const [status] = fc.sample(replies.status, 1);
    if (status === undefined) throw new Error('no sample');
    const message: Reply = { ...status, status: { ...status.status, heardMsAgo: 12.75 } };
    const [read] = readReplies(encodeReply(message));
    expect(read?.type === 'status' && read.status.heardMsAgo).to.equal(12);
  });
});

describe('rpc/codec: hostile values', () => {
  const outcome = (...fields: string[]): (() => Request) => {
    return () => decode(['2PC.OUTCOME', ...fields].map((field) => Buffer.from(field)));
  };
  const refuses = (attempt: () => unknown, code: string): void => {
    expect(attempt).to.throw().with.property('code', code);
    expect(attempt).to.throw().with.property('name', 'RpcProtocolError');
  };

  it('refuses a number in any but its one spelling', () => {
    expect(outcome('1', String(MAX_NUMBER), '0')).not.to.throw();
    for (const bad of ['', '-1', '-0', '01', '+1', '1.0', '1e3', ' 1', '1 ', '0x1', 'NaN', '٣']) {
      refuses(outcome(bad, '1', '0'), 'malformed');
    }
    for (const bad of [
      '281474976710656',
      '9007199254740992',
      '9'.repeat(16),
      '1'.repeat(17),
      '1'.repeat(400),
    ]) {
      refuses(outcome(bad, '1', '0'), 'malformed');
    }
  });

  it('refuses what its receiver could not write into its log', () => {
    const fence = (...fields: string[]) => {
      const args = ['2PC.FENCE', ...fields].map((field) => Buffer.from(field));
      return () => decode(args);
    };
    const id = 'c'.repeat(32);
    expect(fence('1', 'n', id, '4294967295', '1', '0')).not.to.throw();
    refuses(fence('281474976710656', 'n', id, '0', '0', '0'), 'malformed');
    refuses(fence('1', 'n', `${id}c`, '0', '0', '0'), 'too-long');
    refuses(fence('1', 'n', id, '4294967296', '0', '0'), 'malformed');
  });

  it('refuses what is neither flag nor word', () => {
    for (const bad of ['', '2', '00', 'true']) refuses(outcome('1', '1', bad), 'malformed');
    const vote = ['VOTE', '1', '1', 'YES', ''].map((field) => Buffer.from(field));
    refuses(() => decodeReply(vote), 'malformed');
    for (const word of ['toString', '__proto__', 'constructor', '']) {
      refuses(() => decodeReply(vote.with(3, Buffer.from(word))), 'malformed');
    }
  });

  it('refuses a key and a word that no text can hold', () => {
    const huge = Buffer.allocUnsafeSlow(MAX_STRING_LENGTH + 1);
    const words = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));
    expect(huge.length).to.be.above(MAX_LATIN1_BYTES);
    for (const args of [[huge], [...words('2PC.READ', '1', '1'), huge, ...words('0')]]) {
      expect(() => decode(args))
        .to.throw()
        .with.property('name', 'RpcProtocolError');
    }
    refuses(() => decode([...words('2PC.READ', '1', '1', 'get', '1'), huge]), 'too-long');
  });

  it('refuses too few and too many arguments', () => {
    refuses(outcome('1', '1'), 'arguments');
    refuses(outcome(), 'arguments');
    refuses(outcome('1', '1', '1', '1'), 'arguments');
  });

  it('refuses a count of items that are not there', () => {
    for (const count of ['3', '1000000000', String(MAX_NUMBER)]) {
      const args = ['2PC.READ', '1', '1', 'get', count, 'a', 'b'].map((field) =>
        Buffer.from(field),
      );
      refuses(() => decode(args), 'arguments');
    }
  });

  it('refuses lists of numbers with any slip', () => {
    const value = (lengths: string): (() => Reply) => {
      return () => decodeReply(['VALUE', '1', '0', lengths, ''].map((field) => Buffer.from(field)));
    };
    expect(value('-1 0 5')()).to.have.deep.property('lengths', [-1, 0, 5]);
    for (const bad of [' ', '1 ', ' 1', '1  2', '1,2', '-2', '-', '1 -', '1\n2', '01']) {
      refuses(value(bad), 'malformed');
    }
  });

  it('refuses text that is not UTF-8 or is too long', () => {
    const prove = (mac: Buffer) => () => decode([Buffer.from('2PC.PROVE'), mac]);
    expect(prove(Buffer.alloc(MAX_TEXT_BYTES, 'a'))).not.to.throw();
    refuses(prove(Buffer.of(0xff)), 'malformed');
    refuses(prove(Buffer.alloc(MAX_TEXT_BYTES + 1, 'a')), 'too-long');
  });

  it('refuses unknown names, wherever they might be found', () => {
    const names = ['2PC.NOPE', 'HELLO', '2pc.hello', '2PC.', '', '__proto__', '2PC.__PROTO__'];
    for (const name of [...names, 'x'.repeat(1_000_000)]) {
      refuses(() => decode([Buffer.from(name)]), 'unknown-message');
    }
    refuses(() => decode([]), 'framing');
    refuses(() => decodeReply([Buffer.from('2PC.PING')]), 'unknown-message');
  });

  it('refuses reply values that are no array of bulk strings', () => {
    const name = Buffer.from('PROVED');
    expect(decodeReply([name])).to.deep.equal({ type: 'proved' });
    for (const bad of [null, 1, 'PROVED', name, {}, [], ['PROVED'], [name, null], [[name]], [1]]) {
      refuses(() => decodeReply(bad), 'framing');
    }
  });

  it('never crashes and never misreads a message with one byte changed', () => {
    const change = fc.record({
      at: fc.double({ min: 0, max: 0.999, noNaN: true }),
      to: fc.nat(255),
    });
    fc.assert(
      fc.property(anyRequest, change, (message, { at, to }) => {
        const whole = bytesOf(encodeRequest(message));
        whole[Math.floor(at * whole.length)] = to;
        let read: Request[];
        try {
          read = readRequests([whole]);
        } catch (error) {
          expect(error).to.have.property('name', 'RpcProtocolError');
          return;
        }
        // What was accepted says exactly what was on the wire.
        const again = bytesOf(read.flatMap(encodeRequest));
        expect(whole.subarray(0, again.length)).to.deep.equal(again);
      }),
      { numRuns: 500 },
    );
  });

  it('asserts that what we send can be sent', () => {
    const send = (txid: number) => () => {
      encodeRequest({ type: 'outcome', epoch: 1, txid, commit: true });
    };
    for (const bad of [-1, 1.5, Number.NaN, 2 ** 53]) {
      expect(send(bad)).to.throw().with.property('name', 'AssertionError');
    }
  });
});
