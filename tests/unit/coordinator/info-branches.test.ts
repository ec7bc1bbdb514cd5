/** What INFO says before there is a view, and of a member that stands alone. */
import { expect } from 'chai';
import { clusterFields } from '../../../src/coordinator/info.js';
import type { WalRecord } from '../../../src/wal/record.js';
import { CoordinatorDriver } from './coordinator-driver.js';
import { logged, restarted } from './restarted.js';
import { epoch, holding, status, view } from './statuses.js';

function fieldsOf(driver: CoordinatorDriver): Map<string, string> {
  return new Map(clusterFields(driver.machine).map(([name, value]) => [name, String(value)]));
}

/** `STATE` of each participant. */
function states(driver: CoordinatorDriver): (string | undefined)[] {
  const fields = fieldsOf(driver);
  return driver.parts.map(
    ({ peer }) => /,state=(\w+),/.exec(fields.get(`participant${peer.index}`) ?? '')?.[1],
  );
}

describe('coordinator/info: before and without others', () => {
  it('knows nothing of participants that it has not reached', () => {
    const driver = new CoordinatorDriver({ names: ['a', 'b'] });
    const fields = fieldsOf(driver);
    expect(fields.get('view_number')).to.equal('0');
    expect(fields.get('state')).to.equal('recovering');
    expect(fields.get('participant0')).to.match(/,state=unreachable,store=,.*,applied_txid=0$/);
  });

  it('calls participants new as long as there is no view', () => {
    const driver = new CoordinatorDriver({ names: ['a', 'b'] });
    driver.isSyncHeld = true;
    driver.run(100);
    expect(driver.machine.membership.latest).to.equal(null);
    expect(states(driver)).to.deep.equal(['new', 'new']);
  });

  it('calls members so while it recovers, one that is out out, and an empty one new', () => {
    const last = view(1, 'a', 'b');
    const log: WalRecord[] = [
      { kind: 'epoch', epoch: epoch(1) },
      { kind: 'view', view: last },
    ];
    const driver = new CoordinatorDriver({ names: ['a', 'b', 'c', 'd'], log });
    for (const { name } of driver.parts)
      driver.part(name).status = holding(name, '1', { view: last });
    driver.part('d').status = status('d', { empty: true });
    const { silent } = driver.part('a');
    silent.add('fence');
    driver.run(100);
    expect(states(driver), 'not bound yet').to.deep.equal(['member', 'member', 'out', 'out']);
    driver.isSyncHeld = true;
    silent.delete('fence');
    driver.part('a').lose();
    driver.run(200);
    expect(driver.phase).to.equal('recovering');
    expect(states(driver)).to.deep.equal(['member', 'member', 'out', 'new']);
  });

  it('warns as long as one participant holds the data alone', () => {
    const driver = new CoordinatorDriver({ names: ['a', 'b'] }).serve();
    const warning = 'only one participant holds the data';
    expect(fieldsOf(driver).has('warning')).to.equal(false);
    driver.part('b').die();
    driver.run(1100);
    driver.request({ type: 'write', command: { op: 'del', keys: ['k'] } });
    expect(fieldsOf(driver).get('warning')).to.equal(warning);
    const alone = new CoordinatorDriver({ names: ['a'] }).serve();
    expect(fieldsOf(alone).has('warning'), 'one is all there are').to.equal(false);
  });

  it('tells of a joiner as a member when every member has stored the view, not before', () => {
    const driver = new CoordinatorDriver({ names: ['a', 'b'] }).serve();
    const b = driver.part('b');
    b.die();
    driver.set('k');
    driver.run(1100);
    driver.part('a').silent.add('view');
    b.isUp = true;
    driver.run(500);
    expect(driver.members, 'proposed').to.equal('(a b)');
    expect(fieldsOf(driver).get('view_size')).to.equal('1');
    expect(states(driver)).to.deep.equal(['member', 'joining']);
    const { number, epoch: of } = driver.part('a').last('view').view;
    driver.part('a').say({ type: 'viewed', number, epoch: of });
    expect(fieldsOf(driver).get('view_size')).to.equal('2');
    expect(states(driver)).to.deep.equal(['member', 'member']);
  });

  it('tells of the last view that was stored, as long as a start has confirmed none', () => {
    const driver = restarted(['C', 'C', 'C'], { log: logged(1, 'a', 'b', 'c') });
    driver.part('c').isUp = false;
    driver.run(3000);
    expect([driver.phase, driver.members]).to.deep.equal(['serving', '(a b c)']);
    for (const name of ['a', 'b']) driver.part(name).silent.add('view');
    driver.set('k');
    driver.run(100);
    expect(driver.members, 'proposed').to.equal('(a b)');
    expect(fieldsOf(driver).get('view_size')).to.equal('3');
    for (const name of ['a', 'b']) {
      const { number, epoch: of } = driver.part(name).last('view').view;
      driver.part(name).say({ type: 'viewed', number, epoch: of });
    }
    expect([driver.members, fieldsOf(driver).get('view_size')]).to.deep.equal(['a b', '2']);
  });

  it('accuses nobody whose turn to be bound has not come', () => {
    const last = view(1, 'a', 'b');
    const log: WalRecord[] = [
      { kind: 'epoch', epoch: epoch(1) },
      { kind: 'view', view: last },
    ];
    const driver = new CoordinatorDriver({ names: ['a', 'b', 'c'], log });
    for (const { name } of driver.parts)
      driver.part(name).status = holding(name, '1', { view: last });
    for (const name of ['a', 'b']) driver.part(name).silent.add('fence');
    driver.run(3000);
    expect(driver.phase).to.equal('recovering');
    expect(states(driver)).to.deep.equal(['suspected', 'suspected', 'out']);
  });

  it('tells the fault of a member that is still in the view', () => {
    const driver = new CoordinatorDriver({ names: ['a', 'b'] }).serve();
    driver.part('b').peer.unsound = 'it lies, always';
    const told = fieldsOf(driver).get(`participant${driver.part('b').peer.index}`);
    expect(told).to.match(/,reason=it lies; always,/);
  });
});
