import { expect } from 'chai';
import { GrowingBuffer } from '../../../src/resp/growing-buffer.js';

describe('growing buffer', () => {
  it('believes a promised length only when 1 MiB of it has arrived', () => {
    const promised = 100_000_000;
    const growing = new GrowingBuffer(promised);
    const chunk = Buffer.alloc(65_536, 'x');
    for (let sent = 0; sent < 16; sent += 1) {
      growing.append(chunk, 0, chunk.length);
      const room = growing.take().buffer.byteLength;
      expect(room).to.be.at.most(Math.max(16 * 65_536, 2 * growing.length));
    }
    growing.append(chunk, 0, chunk.length);
    expect(growing.take().buffer.byteLength).to.equal(promised);
    const same = growing.take().buffer;
    growing.append(chunk, 0, chunk.length);
    expect(growing.take().buffer).to.equal(same);
    expect(growing.take()).to.have.length(18 * 65_536);
  });

  it('refuses more than it was made for', () => {
    const growing = new GrowingBuffer(3);
    growing.append(Buffer.from('abc'), 0, 3);
    expect(() => growing.append(Buffer.from('d'), 0, 1)).to.throw('more bytes');
    expect(growing.take().toString()).to.equal('abc');
  });
});
