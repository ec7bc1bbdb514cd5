import { expect } from 'chai';
import { INLINE_PAYLOAD_BYTES, MAX_IN_FLIGHT } from '../../../src/base/limits.js';
import type { Request } from '../../../src/rpc/messages.js';
import { CoordinatorDriver, type DriverOptions, type Part } from './coordinator-driver.js';
import { keepTalking } from './keep-talking.js';

/** Nobody votes or answers outcomes by itself. */
function voting(options: DriverOptions = {}): CoordinatorDriver {
  const driver = new CoordinatorDriver(options).serve();
  for (const part of driver.parts) part.silent.add('prepare').add('outcome');
  return driver;
}

function vote(part: Part, txid: number, word: 'yes' | 'no' | 'need', reason = ''): void {
  part.say(part.vote(txid, word, reason));
}

function allVote(driver: CoordinatorDriver, txid: number, word: 'yes' | 'no', reason = ''): void {
  for (const part of driver.parts) vote(part, txid, word, reason);
}

const outcomes = (part: Part): string[] =>
  part.all('outcome').map(({ txid, commit }) => `${txid} ${commit ? 'C' : 'A'}`);

const decisions = (driver: CoordinatorDriver): string[] =>
  driver.log.flatMap((record) =>
    record.kind === 'commit' || record.kind === 'abort' ? [`${record.kind} ${record.txid}`] : [],
  );

describe('coordinator/transactions: commit', () => {
  it('commits by the last vote, whatever is synced here, and the reply goes behind it', () => {
    const driver = voting();
    const token = driver.set('k');
    driver.isSyncHeld = true;
    vote(driver.part('a'), 1, 'yes');
    vote(driver.part('b'), 1, 'yes');
    expect(decisions(driver)).to.deep.equal([]);
    expect([outcomes(driver.part('a')), driver.told(token)]).to.deep.equal([[], '']);
    vote(driver.part('c'), 1, 'yes');
    expect(decisions(driver)).to.deep.equal(['commit 1']);
    expect([outcomes(driver.part('a')), driver.told(token)]).to.deep.equal([['1 C'], 'ok']);
  });

  it('lets commands that wait together share a transaction, up to a window of them', () => {
    const driver = voting();
    const before = MAX_IN_FLIGHT;
    for (let i = 0; i < before + 5; i += 1) driver.set(`k${i}`);
    expect(driver.part('a').all('prepare')).to.have.length(MAX_IN_FLIGHT);
    allVote(driver, 1, 'yes');
    expect(driver.part('a').all('prepare')).to.have.length(MAX_IN_FLIGHT + 1);
    expect(driver.machine.core.counters.lastBatchCommands).to.equal(5);
    expect(driver.machine.core.counters.largestBatchCommands).to.equal(5);
  });

  it('repeats aborts that are not synced at the head of a new segment', () => {
    const driver = voting();
    for (const key of ['a', 'b', 'c']) driver.set(key);
    driver.isSyncHeld = true;
    allVote(driver, 1, 'yes');
    allVote(driver, 2, 'no');
    driver.machine.beginCheckpoint(driver.now);
    driver.step({ type: 'tick' });
    const [state, ...rest] = driver.checkpoint ?? [];
    expect(state).to.deep.include({ kind: 'state', lastTxid: 1 });
    expect(rest, 'and that the view was installed').to.deep.equal([
      { kind: 'abort', epoch: 1, txid: 2 },
      { kind: 'abort', epoch: 1, txid: 3 },
      { kind: 'view', view: driver.machine.membership.installed },
    ]);
    const busy = voting();
    busy.set('a');
    busy.machine.beginCheckpoint(busy.now);
    busy.step({ type: 'tick' });
    expect(
      busy.checkpoint?.map(({ kind }) => kind),
      'not decided',
    ).to.deep.equal(['state', 'view']);
  });

  it('decides in txid order, whatever votes come first', () => {
    const driver = voting();
    const tokens = [driver.set('a'), driver.set('b')];
    allVote(driver, 2, 'yes');
    expect(decisions(driver)).to.deep.equal([]);
    allVote(driver, 1, 'yes');
    expect(decisions(driver)).to.deep.equal(['commit 1', 'commit 2']);
    expect(tokens.map((token) => driver.told(token))).to.deep.equal(['ok', 'ok']);
  });

  it('answers what depends on the data with the first DONE that has it', () => {
    const driver = voting();
    const [first, second] = driver.parts;
    const token = driver.write({ op: 'del', keys: ['x', 'y'] });
    allVote(driver, 1, 'yes');
    expect(driver.told(token)).to.equal('');
    first?.say(first.end(1, true, []));
    expect(driver.told(token), 'a repetition knows no result').to.equal('');
    second?.say(second.end(1, true, [2]));
    first?.say(first.end(1, true, [9]));
    expect(driver.told(token)).to.equal('count 2');
  });

  it('takes no notice of votes of other epochs, unknown transactions, and late ones', () => {
    const driver = voting();
    const token = driver.set('k');
    const a = driver.part('a');
    a.say({ type: 'vote', epoch: 99, txid: 1, vote: 'no', reason: '' });
    a.say(a.vote(7, 'no'));
    a.say({ ...a.end(1, true), txid: 9 } as never);
    allVote(driver, 1, 'yes');
    vote(a, 1, 'no');
    const of = { epoch: 99 };
    a.say({ ...a.end(1, true), ...of } as never);
    expect([driver.told(token), driver.members]).to.deep.equal(['ok', 'a b c']);
  });
});

describe('coordinator/transactions: refusals', () => {
  it('commits on the rest when some refuse, and removes those', () => {
    const driver = voting();
    const token = driver.set('k');
    vote(driver.part('a'), 1, 'yes');
    vote(driver.part('b'), 1, 'yes');
    vote(driver.part('c'), 1, 'no', 'disk full');
    expect([driver.told(token), driver.members.slice(0, 3)]).to.deep.equal(['ok', 'a b']);
    expect(outcomes(driver.part('c')), 'it is no member').to.deep.equal([]);
  });

  for (const [reason, said] of [
    ['memory', "OOM command not allowed when used memory > 'maxmemory'."],
    ['disk full', 'MISCONF not executed: every participant refused: disk full'],
    ['odd', 'ERR not executed: every participant refused: odd'],
  ] as const) {
    it(`aborts when all refuse, and removes nobody: ${reason}`, () => {
      const driver = voting();
      const token = driver.set('k');
      allVote(driver, 1, 'no', reason);
      expect(decisions(driver)).to.deep.equal(['abort 1']);
      expect(driver.told(token), 'not before it is synced everywhere').to.equal('');
      for (const name of ['a', 'b']) driver.part(name).say(driver.part(name).end(1, false));
      expect(driver.told(token)).to.equal('');
      driver.part('c').say(driver.part('c').end(1, false));
      expect(driver.told(token)).to.equal(said);
      expect(driver.members).to.equal('a b c');
      expect(driver.machine.core.counters.abortsRefused).to.equal(1);
    });
  }

  it('aborts everything behind an abort, and batches those commands anew, once', () => {
    const driver = voting();
    const tokens = ['a', 'b', 'c'].map((key) => driver.set(key));
    driver.isSyncHeld = true;
    allVote(driver, 2, 'yes');
    allVote(driver, 1, 'no', 'disk full');
    expect(decisions(driver)).to.deep.equal(['abort 1', 'abort 2', 'abort 3']);
    driver.set('d');
    expect(driver.part('a').all('prepare'), 'nothing is sent into a NO').to.have.length(3);
    vote(driver.part('a'), 2, 'no', 'sticky');
    driver.isSyncHeld = false;
    driver.sync();
    expect(outcomes(driver.part('a'))).to.deep.equal(['1 A', '2 A', '3 A']);
    for (const txid of [1, 2, 3]) for (const part of driver.parts) part.say(part.end(txid, false));
    expect(driver.part('a').last('prepare').txid).to.equal(4);
    allVote(driver, 4, 'yes');
    const told = tokens.map((token) => driver.told(token).split(' ')[0]);
    expect(told).to.deep.equal(['MISCONF', 'ok', 'ok']);
  });

  it('starts a connection over that needs more, and removes who keeps needing', () => {
    const driver = voting();
    const token = driver.set('k');
    const c = driver.part('c');
    for (let i = 0; i < 5; i += 1) {
      vote(c, 1, 'need', 'transaction 1 is missing');
      driver.run(60);
    }
    expect(c.peer.trouble).to.match(/asked to start over|reset/);
    vote(driver.part('a'), 1, 'yes');
    vote(driver.part('b'), 1, 'yes');
    driver.run(300);
    expect(driver.told(token)).to.equal('ok');
    expect(driver.traced.join()).to.match(/view proposed: a member must be refilled/);
  });

  it('refuses before numbering when too few are there, and aborts when they leave meanwhile', () => {
    const driver = voting({ settings: { minParticipants: 3 } });
    const token = driver.set('k');
    vote(driver.part('a'), 1, 'yes');
    vote(driver.part('b'), 1, 'yes');
    vote(driver.part('c'), 1, 'no');
    for (const name of ['a', 'b']) driver.part(name).say(driver.part(name).end(1, false));
    driver.run(10);
    expect(driver.told(token)).to.match(/^NOREPLICAS Not enough good replicas to write. 2 of/);
    expect(driver.machine.core.counters.abortsTooFew).to.equal(1);
    driver.part('c').die();
    driver.run(1200);
    const { length } = driver.part('a').all('prepare');
    expect(driver.told(driver.set('k'))).to.match(/^NOREPLICAS/);
    expect(driver.part('a').all('prepare')).to.have.length(length);
  });
});

describe('coordinator/transactions: failures', () => {
  it('waits for a silent member one detection time, then goes on without it', () => {
    const driver = voting();
    const token = driver.set('k');
    driver.part('c').hang();
    vote(driver.part('a'), 1, 'yes');
    vote(driver.part('b'), 1, 'yes');
    driver.run(900);
    expect([driver.told(token), driver.members]).to.deep.equal(['', 'a b c']);
    driver.run(400);
    expect([driver.told(token), driver.members]).to.deep.equal(['ok', 'a b']);
  });

  it('shrinks to nobody who has not voted', () => {
    const driver = voting();
    driver.set('k');
    driver.part('c').die();
    vote(driver.part('a'), 1, 'yes');
    driver.run(1200);
    expect(driver.members, 'b has not voted').to.equal('a b c');
  });

  it('keeps refusing members when nobody else is left', () => {
    const driver = voting();
    driver.part('b').die();
    driver.part('c').die();
    const token = driver.set('k');
    vote(driver.part('a'), 1, 'no', 'disk full');
    driver.run(1200);
    driver.part('a').say(driver.part('a').end(1, false));
    expect(driver.members).to.equal('a');
    expect(driver.told(token)).to.match(/^MISCONF/);
  });

  it('gives an abort its end when a member dies before it has synced it', () => {
    const driver = voting();
    const token = driver.set('k');
    allVote(driver, 1, 'no', 'disk full');
    for (const name of ['a', 'b']) driver.part(name).say(driver.part(name).end(1, false));
    driver.part('c').die();
    driver.run(1300);
    expect(driver.told(token)).to.match(/^MISCONF/);
    expect(driver.members).to.equal('a b');
  });

  it('sends a member that comes back what it lacks, and takes what it has for its vote', () => {
    const driver = voting();
    const tokens = [driver.set('a'), driver.set('b'), driver.set('c')];
    allVote(driver, 1, 'yes');
    for (const name of ['a', 'b']) for (const txid of [2, 3]) vote(driver.part(name), txid, 'yes');
    const c = driver.part('c');
    const inDoubt = [1, 2].map((txid) => ({ epoch: 1, txid, crc: 0 }));
    c.status = { ...c.status, inDoubt };
    c.got.length = 0;
    c.lose();
    driver.run(20);
    const work = c.got.filter(({ type }) => /view|outcome|prepare/.test(type)).map(nameOf);
    expect(work).to.deep.equal(['outcome 1', 'view 1', 'prepare 3', 'outcome 2']);
    vote(c, 3, 'yes');
    expect(tokens.map((token) => driver.told(token))).to.deep.equal(['ok', 'ok', 'ok']);
  });

  it('does not count the vote of a member that comes back without what it voted for', () => {
    const driver = new CoordinatorDriver().serve();
    driver.part('b').silent.add('prepare');
    const token = driver.set('k');
    const c = driver.part('c');
    expect(c.all('prepare')).to.have.length(1);
    c.silent.add('catchUp');
    c.lose();
    driver.run(300);
    expect(c.peer.isReady).to.equal(false);
    driver.part('b').say(driver.part('b').vote(1, 'yes'));
    driver.run(100);
    expect([driver.told(token), driver.members]).to.deep.equal(['ok', 'a b']);
    expect(c.all('outcome')).to.deep.equal([]);
  });

  it('tells UNKNOWN with a name past the deadline, and takes nothing back', () => {
    const driver = voting();
    const [set, del] = [driver.set('k'), driver.write({ op: 'del', keys: ['x'] })];
    allVote(driver, 2, 'yes');
    vote(driver.part('a'), 1, 'yes');
    keepTalking(driver);
    expect(driver.told(set)).to.match(/^UNKNOWN 1:1 may or may not happen; ask TXSTATUS 1:1/);
    expect(driver.told(del)).to.match(/^UNKNOWN 1:2 may/);
    allVote(driver, 1, 'yes');
    expect(driver.machine.core.outcomes.get(1)?.commit).to.equal(true);
    const [first] = driver.parts;
    first?.say(first.end(2, true, [1]));
    expect(driver.machine.core.counters.unknowns).to.equal(2);
  });

  it('says that a count is lost with everybody who knew it, not that it did not happen', () => {
    const driver = voting();
    const token = driver.write({ op: 'del', keys: ['x'] });
    allVote(driver, 1, 'yes');
    driver.run(2300);
    expect(driver.told(token)).to.match(/^UNKNOWN 1:1 committed, but its result cannot be told/);
  });

  it('answers what could not even begin: it did not happen', () => {
    const driver = voting();
    for (let i = 0; i < MAX_IN_FLIGHT; i += 1) driver.set(`k${i}`);
    const token = driver.set('late');
    keepTalking(driver);
    expect(driver.told(token)).to.equal(
      'TRYAGAIN not executed: no transaction could be begun in time',
    );
  });

  it('answers everybody as soon as nobody is left', () => {
    const driver = voting();
    const tokens = Array.from({ length: MAX_IN_FLIGHT }, (_, i) => driver.set(`k${i}`));
    const late = driver.set('late');
    for (const part of driver.parts) part.hang();
    driver.run(850);
    expect(driver.told(late)).to.equal('');
    driver.run(200);
    for (const token of tokens) expect(driver.told(token)).to.match(/^UNKNOWN/);
    expect(driver.told(late)).to.match(/^TRYAGAIN not executed: no participant can be reached/);
    for (const part of driver.parts) part.wake();
    driver.run(1000);
    for (let txid = 1; txid <= MAX_IN_FLIGHT; txid += 1) allVote(driver, txid, 'yes');
    expect(driver.machine.core.outcomes.get(MAX_IN_FLIGHT)?.commit).to.equal(true);
    expect(driver.machine.core.lastTxid, 'what was refused is not begun').to.equal(MAX_IN_FLIGHT);
  });

  it('H16: waits for a stall that all members share as long as the request may take', () => {
    const driver = voting();
    const tokens = [driver.set('k'), driver.set('l')];
    driver.run(1950);
    expect(tokens.map((token) => driver.told(token))).to.deep.equal(['', '']);
    allVote(driver, 1, 'yes');
    allVote(driver, 2, 'yes');
    expect(tokens.map((token) => driver.told(token))).to.deep.equal(['ok', 'ok']);
  });

  it('answers each at the shutdown as honestly as it can', () => {
    const driver = voting();
    const tokens = Array.from({ length: MAX_IN_FLIGHT }, (_, i) => driver.set(`k${i}`));
    const late = driver.set('late');
    driver.step({ type: 'shutdown' });
    for (const token of tokens) expect(driver.told(token)).to.match(/^UNKNOWN/);
    expect(driver.told(late)).to.equal('TRYAGAIN not executed: the coordinator is shutting down');
    expect(driver.told(driver.set('later'))).to.equal('ERR the coordinator is shutting down');
    allVote(driver, 1, 'yes');
    expect(decisions(driver), 'nothing is decided any more').to.deep.equal([]);
  });

  it('gives who staged a value an error when another’s abort takes it along', () => {
    const driver = voting();
    driver.set('small');
    const large = driver.set('large', Buffer.alloc(2_000_000), 2);
    expect(driver.part('a').all('prepare')).to.have.length(2);
    allVote(driver, 1, 'no', 'disk full');
    for (const part of driver.parts) part.say(part.end(2, false));
    expect(driver.told(large)).to.match(/^MISCONF/);
  });

  it('does not hold a batch up for who sent a large value', () => {
    const driver = new CoordinatorDriver({ settings: { companionCommands: 512 } }).serve();
    const large = Buffer.alloc(INLINE_PAYLOAD_BYTES);
    const tokens = [1, 2, 3].map((session) => driver.set('large', large, session));
    for (const token of tokens) expect(driver.told(token)).to.equal('ok');
    const { core } = driver.machine;
    let lulls = 0;
    core.again = () => {
      lulls += 1;
    };
    driver.set('small', 'v', 4);
    expect(lulls).to.equal(0);
  });
});

function nameOf(message: Request): string {
  if (message.type === 'view') return `view ${message.view.number}`;
  return 'txid' in message ? `${message.type} ${message.txid}` : message.type;
}
