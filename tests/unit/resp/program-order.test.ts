import { expect } from 'chai';
import type { StoreRequest } from '../../../src/base/store-request.js';
import { FIRST_READ_WINDOW, LARGEST_READ_WINDOW } from '../../../src/resp/limits.js';
import { ProgramOrder } from '../../../src/resp/program-order.js';

const MAX_REPLY_BYTES = 1_000_000;
const READ: StoreRequest = { type: 'read', command: { op: 'get', keys: ['k'] } };

/** Lets go as many reads as may go, and says how many those were. */
function letGo(order: ProgramOrder): number {
  let count = 0;
  for (; count < 10_000 && order.mayLeave(READ, 0); count += 1) order.left(READ);
  return count;
}

function answerAll(order: ProgramOrder, count: number, bytes: number): void {
  for (let i = 0; i < count; i += 1) order.answered(READ, bytes);
}

describe('resp/program-order', () => {
  it('lets few reads go before it knows what they bring', () => {
    expect(letGo(new ProgramOrder(MAX_REPLY_BYTES))).to.equal(FIRST_READ_WINDOW);
  });

  it('lets more go once they bring little, and never so many that large ones do harm', () => {
    const order = new ProgramOrder(MAX_REPLY_BYTES);
    for (let round = 0; round < 50; round += 1) answerAll(order, letGo(order), 40);
    expect(letGo(order)).to.equal(LARGEST_READ_WINDOW);
  });

  it('lets one at a time go when they bring as much as may wait', () => {
    const order = new ProgramOrder(MAX_REPLY_BYTES);
    answerAll(order, letGo(order), MAX_REPLY_BYTES);
    expect(letGo(order)).to.equal(1);
  });
});
