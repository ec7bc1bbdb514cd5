/** Fields whose bytes are whole and mean nothing. */
import { expect } from 'chai';
import {
  FieldReader,
  FieldWriter,
  MalformedRecordError,
  readInteger,
} from '../../../src/wal/fields.js';

describe('wal/fields: values that nobody writes', () => {
  it('refuses an integer over 48 bits, wherever its first bit is', () => {
    const bytes = new FieldWriter().integer(2 ** 48 - 1).finish();
    expect(readInteger(bytes, 0)).to.equal(2 ** 48 - 1);
    for (const at of [0, 1]) {
      const over = Buffer.from(bytes);
      over.writeUInt8(1, at);
      expect(() => readInteger(over, 0)).to.throw(MalformedRecordError, 'over 48 bits');
    }
  });

  it('refuses a flag that is neither true nor false', () => {
    expect(new FieldReader(Buffer.from([1])).flag()).to.equal(true);
    expect(new FieldReader(Buffer.from([0])).flag()).to.equal(false);
    for (const value of [2, 255]) {
      const reader = new FieldReader(Buffer.from([value]));
      expect(() => reader.flag()).to.throw(MalformedRecordError, 'neither true nor false');
    }
  });

  it('refuses a string that is not UTF-8', () => {
    const bytes = new FieldWriter().string('ok').finish();
    expect(new FieldReader(bytes).string()).to.equal('ok');
    bytes.writeUInt8(0xff, 2);
    expect(() => new FieldReader(bytes).string()).to.throw(MalformedRecordError, 'not UTF-8');
  });
});
