/** What a stranger, or a peer gone wrong, can make of the reply reader: an error, never more. */
import { expect } from 'chai';
import { bytesOf } from '../../../src/base/bytes.js';
import { encodeReply } from '../../../src/rpc/codec.js';
import { MAX_REPLY_BYTES } from '../../../src/rpc/limits.js';
import { ReplyReader } from '../../../src/rpc/reply-reader.js';

function refuses(code: string, ...chunks: (string | Buffer)[]): void {
  const reader = new ReplyReader();
  const read = (): void => {
    for (const chunk of chunks) reader.push(Buffer.from(chunk));
  };
  const thrown = expect(read).to.throw();
  thrown.with.property('name', 'RpcProtocolError');
  thrown.with.property('code', code);
}

describe('rpc/reply-reader', () => {
  it('refuses the first byte that is not RESP', () => {
    refuses('framing', 'HTTP/1.1 200 OK\r\n');
    refuses('framing', '\0');
    refuses('framing', '*1\r\n', '%1\r\n');
  });

  it('refuses replies that are none of ours', () => {
    refuses('framing', '+OK\r\n');
    refuses('framing', ':1\r\n');
    refuses('framing', '$-1\r\n');
    refuses('framing', '*-1\r\n');
    refuses('framing', '*0\r\n');
    refuses('framing', '*1\r\n:1\r\n');
    refuses('framing', '*1\r\n-ERR x\r\n');
    refuses('framing', '*1\r\n*1\r\n$6\r\nPROVED\r\n');
    refuses('unknown-message', '*1\r\n$4\r\nPONY\r\n');
  });

  it('shows what a Redis server answers when one is dialled by mistake', () => {
    const read = (): unknown => {
      return new ReplyReader().push(Buffer.from("-ERR unknown command '2PC.HELLO'\r\n"));
    };
    expect(read)
      .to.throw(/ERR unknown command '2PC.HELLO'/)
      .with.property('code', 'error-reply');
  });

  it('spends nothing on counts that are only announced, nested or alone', () => {
    const before = process.memoryUsage().rss;
    refuses('framing', '*33000000\r\n');
    refuses('framing', '*33000000\r\n'.repeat(20));
    refuses('framing', '+OK\r\n*33000000\r\n*33000000\r\n');
    refuses('framing', '*2\r\n$1\r\na\r\n*33000000\r\n');
    refuses('framing', ...'*1048577\r\n'.split(/(?=.)/s));
    expect(process.memoryUsage().rss - before).to.be.below(50 * 1024 * 1024);
    // What is announced and not yet beyond a limit only waits.
    expect(new ReplyReader().push(Buffer.from('*1048576\r\n$9999999999\r\nx'))).to.deep.equal([]);
  });

  it('quotes an error of the peer in one line', () => {
    const reader = new ReplyReader();
    expect(reader.push(Buffer.from('-ERR a\n'))).to.deep.equal([]);
    expect(() => reader.push(Buffer.from('b\r\n'))).to.throw('the peer answers "ERR a b"');
  });

  it('turns what the parser throws into an error of its own', () => {
    refuses('framing', '*4294967296\r\n');
    refuses('framing', '*1\r\n'.repeat(100_000));
  });

  it('bounds the bytes of one reply, however they come', () => {
    const small = new ReplyReader(1000);
    const push = (): void => {
      for (let i = 0; i < 12; i += 1)
        small.push(Buffer.from(i === 0 ? '*1\r\n$9999\r\n' : 'x'.repeat(100)));
    };
    expect(push).to.throw().with.property('code', 'too-long');
    const endless = Buffer.alloc(1024 * 1024, 'x');
    const large = new ReplyReader();
    const fill = (): void => {
      large.push(Buffer.from('*1\r\n$99999999999\r\n'));
      for (let i = 0; i <= MAX_REPLY_BYTES / endless.length; i += 1) large.push(endless);
    };
    expect(fill).to.throw().with.property('code', 'too-long');
  });

  it('counts each reply by itself', () => {
    const reader = new ReplyReader(1000);
    const proved = bytesOf(encodeReply({ type: 'proved' }));
    for (let i = 0; i < 500; i += 1) expect(reader.push(proved)).to.have.length(1);
  });
});
