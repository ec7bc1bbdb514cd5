/** What INFO and the log say of participants that are not in the view. */
import { expect } from 'chai';
import { clusterFields } from '../../../src/coordinator/info.js';
import type { WalRecord } from '../../../src/wal/record.js';
import { CoordinatorDriver, type Part } from './coordinator-driver.js';
import { epoch, holding, status, view } from './statuses.js';

/** `STATE: REASON` */
function told(driver: CoordinatorDriver, part: Part): string {
  const fields = new Map(clusterFields(driver.machine));
  const text = String(fields.get(`participant${part.peer.index}`));
  const [, state, reason] = /,state=(\w+),.*,reason=([^,]*),/.exec(text) ?? [];
  return `${state}: ${reason}`;
}

/** Who left, and why, as the log has it. */
function left(driver: CoordinatorDriver): string[] {
  const lines = driver.blamed.filter((line) => line.includes('leaves the view'));
  return lines.map((line) => line.replace('a member leaves the view: ', ''));
}

/** Nobody that left comes back by itself. */
function serving(): CoordinatorDriver {
  const driver = new CoordinatorDriver().serve();
  for (const part of driver.parts) part.silent.add('catchUp');
  return driver;
}

describe('coordinator/info: why a participant is out', () => {
  it('names the reason of a NO, until it is a member again', () => {
    const driver = serving();
    const c = driver.part('c');
    expect(told(driver, c)).to.equal('member: ');
    c.answer = (message) =>
      message.type === 'prepare' ? c.vote(message.txid, 'no', 'disk full, for now') : null;
    expect(driver.told(driver.set('k'))).to.equal('ok');
    expect(left(driver)).to.deep.equal(['c:1: voted NO: disk full, for now']);
    expect(told(driver, c), 'a comma ends a value').to.equal(
      'joining: voted NO: disk full; for now',
    );
    c.answer = () => null;
    c.wake();
    c.lose();
    driver.run(300);
    expect([driver.members, told(driver, c)]).to.deep.equal(['a b c', 'member: ']);
  });

  it('says that it was silent, also when it answers again', () => {
    const driver = serving();
    const c = driver.part('c');
    c.hang();
    driver.run(1100);
    expect(told(driver, c)).to.equal('suspected: answers no heartbeats');
    expect(driver.blamed).to.include('c:1: a participant does not answer');
    driver.set('k');
    expect(left(driver)).to.deep.equal(['c:1: answers no heartbeats']);
    c.wake();
    c.silent.add('catchUp');
    driver.run(1000);
    expect(told(driver, c)).to.equal('joining: answers no heartbeats');
  });

  it('says how the connection was lost', () => {
    const driver = serving();
    const c = driver.part('c');
    c.die();
    driver.run(1100);
    driver.set('k');
    expect(left(driver)).to.deep.equal(['c:1: connection refused']);
    expect(told(driver, c)).to.equal('unreachable: connection refused');
  });

  it('says that its state was wrong', () => {
    const driver = serving();
    driver.part('b').digestAt = (txid) => `other-${txid}`;
    driver.set('k');
    driver.run(10);
    const reason = "its state differs from the majority's at transaction 1";
    expect(left(driver)).to.deep.equal([`b:1: ${reason}`]);
    expect(told(driver, driver.part('b'))).to.equal(`joining: ${reason}`);
  });

  it('says that another store took its place', () => {
    const driver = serving();
    const c = driver.part('c');
    c.die();
    c.status = status('c', { storeId: 's-new', empty: true });
    c.isUp = true;
    driver.run(1500);
    expect(left(driver)).to.deep.equal(['c:1: another store answers at its address']);
    expect(told(driver, c)).to.equal('joining: another store answers at its address');
  });

  it('says that it is configured no more, and that it was out at the start', () => {
    const last = view(1, 'a', 'b', 'gone');
    const log: WalRecord[] = [
      { kind: 'epoch', epoch: epoch(1) },
      { kind: 'view', view: last },
    ];
    const driver = new CoordinatorDriver({ names: ['a', 'b', 'c'], log });
    for (const part of driver.parts) {
      part.status = holding(part.name, '', { view: last, epoch: epoch(1) });
    }
    driver.part('c').silent.add('catchUp');
    driver.run(2000);
    expect(driver.members).to.equal('a b');
    expect(left(driver)).to.deep.equal(['gone:1: no longer configured']);
    const reason = 'it was not in the view when this coordinator started';
    expect(told(driver, driver.part('c'))).to.equal(`joining: ${reason}`);
  });
});
