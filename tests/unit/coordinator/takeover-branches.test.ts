/** Members that are not configured any more, that know an older view, that come late. */
import { expect } from 'chai';
import { condition, holds, logged, restarted } from './restarted.js';
import { view, viewed } from './statuses.js';

describe('coordinator/takeover: members on the way', () => {
  it('tells of no abort while a member counts that is not configured any more', () => {
    const abort = { kind: 'abort', epoch: 1, txid: 2 } as const;
    const driver = restarted(['C A', 'C A'], {
      names: ['a', 'b'],
      log: [...logged(1, 'a', 'b', 'z'), abort],
    });
    for (const part of driver.parts) {
      holds(part, 'C A', { view: view(1, 'a', 'b', 'z') });
      part.silent.add('view');
    }
    driver.run(1500);
    const status = (): string => driver.told(driver.request({ type: 'txstatus', txid: '1:2' }));
    expect([driver.phase, driver.members, status()]).to.deep.equal(['serving', '(a b)', 'pending']);
    for (const part of driver.parts) part.say(viewed(part.last('view').view));
    expect([driver.members, status()]).to.deep.equal(['a b', 'aborted']);
  });

  it('waits for a member of the view before, if whoever holds everything is new since then', () => {
    const log = [...logged(1, 'a'), { kind: 'view', view: view(2, 'a', 'b') } as const];
    const driver = restarted(['', 'C', ''], { log });
    holds(driver.part('a'), '', { view: view(1, 'a') });
    holds(driver.part('b'), 'C', { view: view(2, 'a', 'b') });
    driver.part('a').silent.add('view');
    driver.run(300);
    expect(driver.phase).to.equal('recovering');
    expect(condition(driver)).to.equal('view 2 was not seen to be stored; needs a:1');
  });

  it('takes the word of one that is fenced before it was asked, as all is decided', () => {
    const driver = restarted(['C 1', 'C 1', 'C'], { log: logged(1, 'a', 'b') });
    const c = driver.part('c');
    c.isUp = false;
    driver.part('a').silent.add('fence');
    driver.run(500);
    driver.isSyncHeld = true;
    driver.part('a').wake();
    driver.part('a').lose();
    driver.run(100);
    expect([driver.phase, driver.log.at(-1)?.kind]).to.deep.equal(['recovering', 'commit']);
    c.isUp = true;
    driver.run(700);
    expect(c.all('inquire'), 'it was not asked').to.deep.equal([]);
    expect(c.all('fence')).to.have.length(1);
    driver.isSyncHeld = false;
    driver.sync();
    driver.run(300);
    expect([driver.phase, driver.members]).to.deep.equal(['serving', 'a b c']);
  });
});
