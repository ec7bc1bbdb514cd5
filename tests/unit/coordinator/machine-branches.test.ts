/** Answers that come too late for the epoch that they belong to. */
import { expect } from 'chai';
import { CoordinatorDriver } from './coordinator-driver.js';
import { epoch } from './statuses.js';

describe('coordinator/machine: a fence of another epoch', () => {
  it('does not count as the answer to the present one', () => {
    const driver = new CoordinatorDriver({ names: ['a', 'b'] });
    const a = driver.part('a');
    a.answer = (message) =>
      message.type === 'fence'
        ? { type: 'fenced', status: { ...a.status, epoch: epoch(77) } }
        : null;
    driver.run(100);
    expect(a.all('fence')).to.have.length.greaterThan(0);
    expect([a.peer.isFenced, driver.part('b').peer.isFenced]).to.deep.equal([false, true]);
    expect(driver.phase).to.equal('recovering');
    a.answer = () => null;
    a.lose();
    driver.run(2000);
    expect([a.peer.isFenced, driver.phase]).to.deep.equal([true, 'serving']);
  });
});
