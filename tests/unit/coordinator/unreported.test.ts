import { expect } from 'chai';
import { Unreported } from '../../../src/coordinator/unreported.js';
import { CoordinatorDriver } from './coordinator-driver.js';

describe('coordinator/unreported', () => {
  it('counts what was begun, down to what a member has reported', () => {
    const unreported = new Unreported();
    const command = { op: 'del', keys: ['k'] } as const;
    const write = { client: null, command, bytes: 10, pairs: 2, deadline: 0 };
    unreported.begun(1, [write, write]);
    unreported.begun(2, [write]);
    expect([unreported.bytes, unreported.pairs]).to.deep.equal([30, 6]);
    unreported.reported(0);
    expect(unreported.pairs).to.equal(6);
    unreported.reported(1);
    expect([unreported.bytes, unreported.pairs]).to.deep.equal([10, 2]);
    unreported.reported(5);
    expect([unreported.bytes, unreported.pairs]).to.deep.equal([0, 0]);
  });

  it('keeps a store within its limits although its members tell their size later', () => {
    const driver = new CoordinatorDriver({ settings: { maxKeys: 2 } }).serve();
    for (const part of driver.parts) part.silent.add('outcome').add('ping');
    expect(driver.told(driver.set('a'))).to.equal('ok');
    expect(driver.told(driver.set('b'))).to.equal('ok');
    expect(driver.told(driver.set('c'))).to.match(/^OOM .*max_keys/);
    driver.part('a').say(driver.part('a').end(2, true));
    expect(driver.told(driver.set('c')), 'one of them replaced a key').to.equal('ok');
  });
});
