/** What becomes, at the members, of large values that were given up. */
import { expect } from 'chai';
import { INLINE_PAYLOAD_BYTES, MAX_IN_FLIGHT } from '../../../src/base/limits.js';
import type { CoordinatorSettings } from '../../../src/coordinator/core.js';
import { MAX_GIVEN_UP } from '../../../src/coordinator/staging.js';
import { CoordinatorDriver } from './coordinator-driver.js';
import { keepTalking } from './keep-talking.js';

const large = Buffer.alloc(6 * 1024 * 1024, 'x');

/** Little, and sent ahead all the same. */
const staged = Buffer.alloc(INLINE_PAYLOAD_BYTES + 1, 'x');

/** Nobody acknowledges a piece. */
function uploading(
  names: readonly string[],
  settings: Partial<CoordinatorSettings> = {},
): CoordinatorDriver {
  const driver = new CoordinatorDriver({ names: [...names], settings }).serve();
  for (const part of driver.parts) part.silent.add('piece');
  return driver;
}

describe('coordinator/staging: what is given up', () => {
  it('gives up what is whole and cannot begin in time, and forgets its bytes', () => {
    const driver = new CoordinatorDriver().serve();
    for (const part of driver.parts) part.silent.add('prepare');
    for (let i = 0; i < MAX_IN_FLIGHT; i += 1) driver.set(`k${i}`);
    const token = driver.set('k', large, 2);
    const behind = driver.set('k', '2', 2);
    expect(driver.part('a').all('prepare')).to.have.length(MAX_IN_FLIGHT);
    keepTalking(driver);
    const late = 'TRYAGAIN not executed: no transaction could be begun in time';
    expect(driver.told(token)).to.equal(late);
    expect(driver.told(behind)).to.match(/^TRYAGAIN not executed/);
    for (const part of driver.parts) expect(part.all('unstage')).to.have.length(1);
    expect(driver.part('a').all('prepare')).to.have.length(MAX_IN_FLIGHT);
  });

  it('has members forget what was given up while they were away', () => {
    const driver = uploading(['a']);
    const token = driver.set('k', large);
    const a = driver.part('a');
    a.isUp = false;
    a.lose();
    driver.run(1000);
    expect(driver.told(token)).to.match(/^TRYAGAIN not executed: no participant can be reached/);
    expect(a.all('unstage')).to.deep.equal([]);
    a.isUp = true;
    driver.run(500);
    const [piece] = a.all('piece');
    expect(a.all('unstage')).to.deep.equal([{ type: 'unstage', stage: piece?.stage }]);
    a.lose();
    driver.run(500);
    expect(a.all('unstage'), 'the first may be lost with its connection').to.have.length(2);
  });

  it('has members forget also what they were told when nobody heard it', () => {
    const driver = uploading(['a', 'b']);
    const token = driver.set('k', large);
    const { stage } = driver.part('a').last('piece');
    for (const part of driver.parts) part.hang();
    driver.run(2500);
    expect(driver.told(token)).to.match(/^TRYAGAIN not executed/);
    for (const part of driver.parts) expect(part.all('unstage')).to.have.length(1);
    for (const part of driver.parts) part.wake();
    driver.run(3000);
    for (const part of driver.parts) {
      expect(part.all('unstage').length).to.be.above(1);
      expect(part.last('unstage')).to.deep.equal({ type: 'unstage', stage });
    }
  });

  it('has only members forget it that were sent a piece, also one that has left', () => {
    const driver = uploading(['a', 'b', 'c']);
    const [a, b, c] = [driver.part('a'), driver.part('b'), driver.part('c')];
    c.isUp = false;
    c.lose();
    driver.set('k', large, 2);
    const { stage } = a.last('piece');
    b.isUp = false;
    b.lose();
    driver.set('small', 'it does not wait for those who are away');
    driver.run(1500);
    expect(driver.members).to.equal('a');
    driver.run(1500);
    for (const part of [b, c]) part.isUp = true;
    driver.run(3000);
    for (const part of [a, b]) expect(part.last('unstage').stage).to.equal(stage);
    expect(c.all('unstage')).to.deep.equal([]);
  });

  it('names the newest again, and no more than it may keep', function () {
    this.timeout(60_000);
    const driver = uploading(['a'], { requestTimeoutMs: 10 });
    const a = driver.part('a');
    const names = new Set<string>();
    for (let left = 2 * MAX_GIVEN_UP; left > 0 && names.size < MAX_GIVEN_UP + 3; left -= 1) {
      const before = a.all('unstage').length;
      for (const session of [1, 2]) driver.set('k', staged, session);
      driver.run(12);
      for (const { stage } of a.all('unstage').slice(before)) names.add(stage);
      // The pieces would take gigabytes.
      a.got.splice(0, Infinity, ...a.all('unstage'));
    }
    expect(names.size).to.be.above(MAX_GIVEN_UP + 2);
    const { length } = a.all('unstage');
    a.lose();
    driver.run(500);
    const again = a.all('unstage').slice(length);
    expect(again.map(({ stage }) => stage)).to.deep.equal([...names].slice(-MAX_GIVEN_UP));
  });

  it('has a member forget what others refused before it was asked', () => {
    const driver = new CoordinatorDriver({ names: ['a', 'b'] }).serve();
    const [a, b] = [driver.part('a'), driver.part('b')];
    for (const part of [a, b]) part.silent.add('prepare');
    driver.set('k', large);
    for (const part of [a, b]) part.say(part.vote(1, 'no', 'memory'));
    driver.run(50);
    const { stage } = b.last('piece');
    for (const part of [a, b])
      expect(part.last('unstage')).to.deep.equal({ type: 'unstage', stage });
  });
});
