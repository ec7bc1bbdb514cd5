import { expect } from 'chai';
import { wholeRequest } from '../../../src/resp/whole-request.js';
import { TEST_READER_LIMITS } from './read-requests.js';

const read = (text: string, start = 0, limits: Partial<typeof TEST_READER_LIMITS> = {}) => {
  const found = wholeRequest(Buffer.from(text), start, { ...TEST_READER_LIMITS, ...limits });
  if (found === null) return null;
  return { args: found.args.from(0).map(String), bytes: found.bytes, end: found.end };
};

describe('resp/whole-request', () => {
  it('reads a request from where it begins to where the next one does', () => {
    const text = 'x*2\r\n$3\r\nGET\r\n$0\r\n\r\n*1';
    expect(read(text, 1)).to.deep.equal({ args: ['GET', ''], bytes: 3 + 128, end: 20 });
  });

  for (const text of [
    '',
    'PING\r\n',
    '*0\r\n',
    '*-1\r\n',
    '*01\r\n$1\r\nx\r\n',
    '*x\r\n',
    '*1\n\n$1\r\nx\r\n',
    '*1\r\r$1\r\nx\r\n',
    '*123456789\r\n',
    '*1\r\n',
    '*1\r\n:1\r\n',
    '*1\r\n$-1\r\n',
    '*1\r\n$1\r\n',
    '*1\r\n$1\r\nx',
    '*1\r\n$1\r\nx\r',
    '*1\r\n$1\r\nxy\r\n',
    '*1\r\n$1\r\nx\rx',
  ]) {
    it(`leaves ${JSON.stringify(text)} to the other reader`, () => {
      expect(read(text)).to.equal(null);
    });
  }

  it('leaves what exceeds a limit to the other reader', () => {
    const text = '*2\r\n$3\r\nSET\r\n$5\r\nabcde\r\n';
    for (const [name, limit] of [
      ['maxKeptArgs', 2],
      ['maxKeptBulkBytes', 5],
      ['maxBulkBytes', 5],
      ['maxKeptRequestBytes', 3 + 5 + 128],
    ] as const) {
      expect(read(text, 0, { [name]: limit })?.args, name).to.deep.equal(['SET', 'abcde']);
      expect(read(text, 0, { [name]: limit - 1 }), name).to.equal(null);
    }
  });
});
