import { expect } from 'chai';
import { crc32 } from '../../../src/base/hash.js';
import type { Reply, Request } from '../../../src/rpc/messages.js';
import { encodeCommands } from '../../../src/storage/commands.js';
import { catchUp } from './catch-up-play.js';
import {
  ParticipantDriver,
  del,
  epoch,
  fence,
  kinds,
  outcome,
  prepare,
  set,
  sv,
  view,
  votes,
} from './participant-driver.js';

function doneOf(replies: readonly Reply[]): Extract<Reply, { type: 'done' }> {
  const [done] = replies;
  if (done?.type !== 'done') throw new Error(JSON.stringify(replies));
  return done;
}

describe('participant/transactions: prepare', () => {
  it('votes yes only when the record is synced', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    expect(driver.ask(link, prepare(1, sv))).to.deep.equal([]);
    expect(driver.log.at(-1)?.kind).to.equal('prepared');
    expect(driver.wasUrgent).to.equal(true);
    driver.sync();
    expect(votes(driver.take(link))).to.deep.equal(['1 yes']);
    expect(driver.points).to.include.members(['participant-prepared', 'participant-voted']);
    expect(driver.state.table.size, 'nothing is applied').to.equal(0);
  });

  it('repeats its vote when asked again, and writes nothing twice', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.askSynced(link, prepare(1, sv));
    const { length } = driver.log;
    expect(votes(driver.askSynced(link, prepare(1, sv)))).to.deep.equal(['1 yes']);
    expect(driver.log.length).to.equal(length);
  });

  const refusals: [what: string, message: Request, vote: string][] = [
    ['a gap', prepare(3, sv), '3 need: transaction 1 is missing'],
    ['another view', prepare(1, sv, { view: 2 }), '1 need: another view'],
    [
      'a payload cut short',
      prepare(1, sv, { payload: [] }),
      '1 no: the staged payload is not whole',
    ],
    ['a payload that changed', prepare(1, sv, { crc: 1 }), '1 no: the staged payload is not whole'],
    [
      'a stage nobody filled',
      prepare(1, sv, { stage: 's' }),
      '1 no: the staged payload is not whole',
    ],
  ];
  for (const [what, message, vote] of refusals) {
    it(`answers ${what}: ${vote}`, () => {
      const driver = new ParticipantDriver();
      const link = driver.serving();
      expect(votes(driver.askSynced(link, message))).to.deep.equal([vote]);
      expect(driver.log.some(({ kind }) => kind === 'prepared')).to.equal(false);
    });
  }

  it('refuses what is no command with a NO, not with a crash', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    const payload = Buffer.from('nonsense');
    const facts = { payload: [payload], length: payload.length, crc: crc32(payload) };
    const [vote] = votes(driver.askSynced(link, prepare(1, sv, facts)));
    expect(vote).to.match(/^1 no: /);
    expect(driver.machine.core.counters.refusedPrepares).to.equal(1);
  });

  it('takes a payload in several parts', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    const whole = encodeCommands(sv);
    const payload = [whole.subarray(0, 3), whole.subarray(3)];
    expect(votes(driver.askSynced(link, prepare(1, sv, { payload })))).to.deep.equal(['1 yes']);
  });

  it('is not asked as a non-member, and says what ended', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.commit(link, 1, sv);
    expect(votes(driver.ask(link, prepare(1, sv)))).to.deep.equal(['1 no: ended']);
    driver.askSynced(link, { type: 'view', view: view(2, 'other') });
    const asked = driver.ask(link, prepare(2, sv, { view: 2 }));
    expect(votes(asked)).to.deep.equal(['2 need: another view']);
  });

  it('says NO to everything behind a NO, until that ABORT is logged', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.askSynced(link, prepare(1, sv));
    driver.ask(link, prepare(2, sv, { crc: 1 }));
    expect(votes(driver.ask(link, prepare(3, sv)))).to.deep.equal(['3 no: sticky']);
    driver.askSynced(link, outcome(1, false));
    const again = '2 no: the staged payload is not whole';
    expect(votes(driver.ask(link, prepare(2, sv)))).to.deep.equal([again]);
    driver.askSynced(link, outcome(2, false));
    expect(votes(driver.askSynced(link, prepare(3, sv)))).to.deep.equal(['3 yes']);
  });

  it('starts without a NO in a new epoch', () => {
    const driver = new ParticipantDriver();
    driver.ask(driver.serving(), prepare(1, sv, { crc: 1 }));
    const link = driver.fenced(2);
    expect(votes(driver.askSynced(link, prepare(1, sv, { epoch: 2 })))).to.deep.equal(['1 yes']);
  });

  it('asks for what it lacks where an older epoch left something else in doubt', () => {
    const driver = new ParticipantDriver();
    driver.askSynced(driver.serving(), prepare(1, sv));
    const link = driver.fenced(2);
    const asked = driver.ask(link, prepare(1, sv, { epoch: 2 }));
    expect(votes(asked)).to.deep.equal(['1 need: transaction 2 is missing']);
  });
});

describe('participant/transactions: room', () => {
  const value = Buffer.alloc(400);

  it('reserves memory for all that is prepared, and gives it back at the outcome', () => {
    const driver = new ParticipantDriver({ settings: { maxMemoryBytes: 1000 } });
    const link = driver.serving();
    for (const txid of [1, 2]) {
      expect(votes(driver.askSynced(link, prepare(txid, [set('a', value)])))).to.deep.equal([
        `${txid} yes`,
      ]);
    }
    const third = prepare(3, [set('a', value)]);
    expect(votes(driver.askSynced(link, third))).to.deep.equal(['3 no: memory']);
    for (const txid of [1, 2, 3]) driver.askSynced(link, outcome(txid, false));
    const fourth = prepare(4, [set('a', value)]);
    expect(votes(driver.askSynced(link, fourth))).to.deep.equal(['4 yes']);
  });

  it('refuses what a damaged store could not apply', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.state.fit = false;
    const [vote] = votes(driver.ask(link, prepare(1, sv)));
    expect(vote).to.equal('1 no: the store was found damaged');
  });
});

describe('participant/transactions: outcomes', () => {
  it('applies a commit at once and tells the results, before the record is synced', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.commit(link, 1, [set('a', '1'), set('b', '2')]);
    driver.askSynced(link, prepare(2, [del('a', 'none', 'b')]));
    const done = doneOf(driver.ask(link, outcome(2)));
    expect([done.results, done.synced, done.keys]).to.deep.equal([[2], 1, 0]);
    expect(done.position).to.deep.equal(driver.state.resolved);
    driver.sync();
    expect(driver.machine.core.syncedTxid).to.equal(2);
  });

  it('answers an abort only when it is synced', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.askSynced(link, prepare(1, sv));
    expect(driver.ask(link, outcome(1, false))).to.deep.equal([]);
    driver.sync();
    const done = doneOf(driver.take(link));
    expect([done.results, done.synced]).to.deep.equal([[], 1]);
    expect(driver.machine.core.counters.aborts).to.equal(1);
  });

  it('answers a repeated outcome without doing it again, once it is synced', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.askSynced(link, prepare(1, sv));
    expect(driver.ask(link, outcome(1)), 'nobody waits for it').to.deep.equal([]);
    expect(driver.ask(link, outcome(1)), 'its record is not synced').to.deep.equal([]);
    driver.sync();
    const [first, again] = driver.take(link);
    expect([first, again].map((reply) => reply?.type)).to.deep.equal(['done', 'done']);
    driver.askSynced(link, outcome(2, false));
    expect(doneOf(driver.askSynced(link, outcome(2, false))).txid).to.equal(2);
    expect(driver.machine.core.counters.commits).to.equal(1);
  });

  const contradictions: [what: string, message: Request][] = [
    ['an abort of what was committed', outcome(1, false)],
    ['a commit of what was aborted', outcome(2)],
    ['a commit of what was never prepared', outcome(3)],
    ['an outcome that leaves a gap', outcome(4, false)],
  ];
  for (const [what, message] of contradictions) {
    it(`refuses ${what}`, () => {
      const driver = new ParticipantDriver();
      const link = driver.serving();
      driver.commit(link, 1, sv);
      driver.askSynced(link, outcome(2, false));
      const before = driver.state.resolved;
      expect(kinds(driver.askSynced(link, message))).to.deep.equal(['refused protocol']);
      expect(driver.state.resolved).to.deep.equal(before);
    });
  }

  it('names a transaction by the epoch of its PREPARE', () => {
    const driver = new ParticipantDriver();
    driver.askSynced(driver.serving(), prepare(1, sv));
    const link = driver.fenced(2);
    const wrong = driver.askSynced(link, outcome(1, true, 2));
    expect(kinds(wrong)).to.deep.equal(['refused protocol']);
    const again = driver.fenced(2);
    expect(doneOf(driver.askSynced(again, outcome(1, true, 1))).results).to.deep.equal([1]);
  });

  it('H1: refuses the abort of another transaction of the same number', () => {
    const driver = new ParticipantDriver();
    driver.askSynced(driver.serving(), prepare(1, sv));
    const wrong = driver.askSynced(driver.fenced(2), outcome(1, false, 2));
    expect(kinds(wrong)).to.deep.equal(['refused protocol']);
    expect(driver.state.inDoubt).to.have.length(1);
  });

  it('refuses the commit of what it has not voted on', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.ask(link, prepare(1, sv));
    const refused = 'refused protocol';
    expect(kinds(driver.ask(link, outcome(1)))).to.deep.equal([refused]);
    expect(driver.state.resolved.txid).to.equal(0);
  });

  it('votes for the record that is held, not for one that a rejoin made void', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.ask(link, prepare(1, sv));
    const first = driver.machine.core.gate.appended;
    driver.ask(link, catchUp(1));
    driver.step({ type: 'donorClosed', reason: 'reset' });
    driver.ask(link, prepare(1, sv));
    driver.step({ type: 'synced', lsn: first });
    expect(votes(driver.take(link)).filter((text) => text !== 'caughtUp')).to.deep.equal([]);
    driver.sync();
    expect(votes(driver.take(link))).to.deep.equal(['1 yes']);
  });

  it('votes NO for what was decided before its vote could leave', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.ask(link, prepare(1, sv));
    driver.ask(link, outcome(1, false));
    driver.sync();
    expect(votes(driver.take(link))).to.deep.equal(['1 no: ended', 'done']);
  });
});

describe('participant/transactions: views', () => {
  it('answers a view once it is synced, and an older one with what it knows', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    const { length } = driver.log;
    expect(driver.ask(link, { type: 'view', view: view(3, 'store-1') })).to.deep.equal([]);
    driver.sync();
    const stored = { type: 'viewed', number: 3, epoch: view(3).epoch };
    expect(driver.take(link)).to.deep.equal([stored]);
    const old = driver.askSynced(link, { type: 'view', view: view(2, 'other') });
    expect(old, 'what it has stored').to.deep.equal([stored]);
    expect([driver.state.view?.number, driver.log.length]).to.deep.equal([3, length + 1]);
    const { epoch: first } = stored;
    const later = { ...view(2, 'store-1'), epoch: { ...first, number: first.number + 1 } };
    const answer = driver.askSynced(link, { type: 'view', view: later });
    expect(answer, 'of a later epoch').to.deep.equal([
      { type: 'viewed', number: 2, epoch: later.epoch },
    ]);
    expect(driver.state.view).to.deep.equal(later);
  });
});

describe('participant/transactions: pieces', () => {
  const payload = encodeCommands([set('k', Buffer.alloc(300, 'x'))]);
  const total = payload.length;
  const piece = (from: number, to: number, changes: object = {}): Request => ({
    type: 'piece',
    stage: 's',
    offset: from,
    total,
    bytes: payload.subarray(from, to),
    ...changes,
  });
  const staged = { payload: [], stage: 's', length: total, crc: crc32(payload) };

  it('collects a payload, prepares and applies it', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    expect(driver.ask(link, piece(0, 100))).to.deep.equal([]);
    driver.sync();
    const pieced = { type: 'pieced', stage: 's', refusal: '' };
    expect(driver.take(link)).to.deep.equal([{ ...pieced, have: 100 }]);
    const early = driver.askSynced(link, piece(200, total));
    expect(early, 'out of place').to.deep.equal([{ ...pieced, have: 100 }]);
    expect(driver.askSynced(link, piece(100, total))).to.deep.equal([{ ...pieced, have: total }]);
    expect(votes(driver.askSynced(link, prepare(1, [], staged)))).to.deep.equal(['1 yes']);
    driver.askSynced(link, { type: 'unstage', stage: 's' });
    driver.askSynced(link, outcome(1));
    expect(driver.state.table.get('k')?.length).to.equal(300);
    expect(driver.state.stages.count).to.equal(0);
  });

  it('refuses a prepare of a payload whose checksum is another', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.askSynced(link, piece(0, total));
    const wrong = prepare(1, [], { ...staged, crc: 7 });
    expect(votes(driver.ask(link, wrong))).to.deep.equal(['1 no: the staged payload is not whole']);
  });

  it('counts what is staged once, also when it is prepared', () => {
    const driver = new ParticipantDriver({ settings: { maxMemoryBytes: 700 } });
    const link = driver.serving();
    driver.askSynced(link, piece(0, total));
    const other = driver.askSynced(link, piece(0, 10, { stage: 't', total: 600 }));
    expect(other).to.deep.equal([{ type: 'pieced', stage: 't', have: 0, refusal: 'memory' }]);
    expect(votes(driver.askSynced(link, prepare(1, [], staged)))).to.deep.equal(['1 yes']);
    const inline = prepare(2, [set('a', Buffer.alloc(200))]);
    expect(votes(driver.askSynced(link, inline))).to.deep.equal(['2 yes']);
  });

  const dropped = { kind: 'piece', stage: 's', offset: 0, total: 0, bytes: Buffer.alloc(0) };

  it('forgets what will never be prepared, and a restart forgets it too', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.askSynced(link, piece(0, total));
    driver.ask(link, { type: 'unstage', stage: 's' });
    expect(driver.state.stages.count).to.equal(0);
    expect(driver.log.at(-1)).to.deep.equal(dropped);
    const { length } = driver.log;
    driver.ask(link, { type: 'unstage', stage: 's' });
    expect(driver.log.length, 'once').to.equal(length);
  });

  it('lets payloads that a full disk may have cut start over, but for prepared ones', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.askSynced(link, piece(0, total));
    driver.askSynced(link, prepare(1, [], staged));
    driver.askSynced(link, piece(0, 100, { stage: 't' }));
    driver.ask(link, piece(100, total, { stage: 't' }));
    driver.fillDisk();
    expect([...driver.state.stages.all()].map(({ name }) => name)).to.deep.equal(['s']);
    expect(driver.log.at(-1), 'a restart forgets it too').to.deep.equal({ ...dropped, stage: 't' });
  });

  it('H18: forgets what it refused to prepare, and what stands behind that', () => {
    for (const isFirst of [true, false]) {
      const driver = new ParticipantDriver();
      const link = driver.serving();
      driver.askSynced(link, piece(0, total));
      if (!isFirst) driver.ask(link, prepare(1, sv, { crc: 1 }));
      const refused = { ...staged, ...(isFirst ? { crc: 7 } : {}) };
      expect(votes(driver.ask(link, prepare(isFirst ? 1 : 2, [], refused)))[0]).to.match(/no: /);
      expect(driver.state.stages.count).to.equal(0);
      expect(driver.log.at(-1)).to.deep.equal(dropped);
    }
  });

  it('says so when the disk had no room for a piece', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.ask(link, piece(0, total));
    driver.fillDisk();
    driver.sync();
    const refusal = 'disk full';
    expect(driver.take(link)).to.deep.equal([{ type: 'pieced', stage: 's', have: total, refusal }]);
  });

  it('keeps staged payloads over a new epoch only if they are prepared', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.askSynced(link, piece(0, total));
    driver.askSynced(driver.open(), fence(epoch(2)));
    expect(driver.state.stages.count).to.equal(0);
  });
});
