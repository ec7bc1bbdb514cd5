import { expect } from 'chai';
import fc from 'fast-check';
import { decideVerdicts, lastPrepared } from '../../../src/coordinator/verdicts.js';
import type { Status } from '../../../src/rpc/status.js';
import { decided, holding, logOf } from './statuses.js';

interface Case {
  readonly what: string;
  readonly log: string;
  readonly members: readonly Status[];
  readonly out?: readonly string[];
  readonly base: number;
  readonly decisions: readonly string[];
  readonly exact?: boolean;
  readonly everybody?: boolean;
}

const a = (words: string, changes: object = {}): Status => holding('a', words, changes);
const b = (words: string, changes: object = {}): Status => holding('b', words, changes);
const c = (words: string, changes: object = {}): Status => holding('c', words, changes);

const inDoubt = (txid: number, crc: number): object => ({ epoch: 4, txid, crc });

const NEEDS = { exact: true, everybody: true };
const ENDED_LINE = { log: 'C', out: ['s-b'], base: 1, decisions: ['2:2 C'], ...NEEDS };

const CASES: readonly Case[] = [
  { what: 'nothing was under way', log: 'C', members: [a('C'), b('C')], base: 1, decisions: [] },
  {
    what: '@A our log has the outcomes: members catch up with them, no decision is taken',
    log: 'C A C',
    members: [a('C 1 1'), b('C A C')],
    base: 3,
    decisions: [],
  },
  {
    what: '@B a member has applied it: commit, whatever the others hold',
    log: '',
    members: [a('C C'), b('1 1')],
    base: 0,
    decisions: ['1:1 C', '1:2 C'],
  },
  {
    what: '@B a member lists it as aborted: abort, although all others hold it',
    log: '',
    members: [a('A'), b('1'), c('1')],
    base: 0,
    decisions: ['1:1 A'],
  },
  {
    what: '@B an abort that nobody else has, under the epoch in which it was listed',
    log: '',
    members: [a('C A'), b('C'), c('C')],
    base: 1,
    decisions: ['1:2 A'],
  },
  {
    what: '@B the word of a damaged member counts, although it does not decide',
    log: '',
    members: [a('A', { fit: false }), b('1')],
    out: ['s-a'],
    base: 0,
    decisions: ['1:1 A'],
  },
  {
    what: '@B so does that of a member whose log was cut behind it',
    log: '',
    members: [a('A', { tailFrom: 2 }), b('1 1')],
    out: ['s-a'],
    base: 0,
    decisions: ['1:1 A', '1:2 C'],
    exact: true,
  },
  {
    what: '@C all that decide hold it: commit',
    log: '',
    members: [a('4 4'), b('4 4')],
    base: 0,
    decisions: ['4:1 C', '4:2 C'],
    exact: true,
  },
  {
    what: '@D one does not hold it: abort it and everything behind',
    log: '',
    members: [a('4 4 4'), b('4')],
    base: 0,
    decisions: ['4:1 C', '4:2 A', '4:3 A'],
    exact: true,
  },
  {
    what: '@D the same identity with another payload is not the same transaction',
    log: '',
    members: [a('4'), b('', { inDoubt: [{ epoch: 4, txid: 1, crc: 7 }] })],
    base: 0,
    decisions: ['4:1 A'],
    exact: true,
  },
  {
    what: '@D nothing behind an abort is committed, although all hold it',
    log: '',
    members: [a('4 4'), b('4 4', { inDoubt: [inDoubt(1, 7), inDoubt(2, 4002)] })],
    base: 0,
    decisions: ['4:1 A', '4:2 A'],
    exact: true,
  },
  {
    what: '@X a damaged member does not decide',
    log: '',
    members: [a('', { fit: false }), b('2')],
    out: ['s-a'],
    base: 0,
    decisions: ['2:1 C'],
    exact: true,
  },
  {
    what: '@X a half filled member is no witness either',
    log: '',
    members: [a('C C C', { fit: false, empty: true }), b('2')],
    out: ['s-a'],
    base: 0,
    decisions: ['2:1 C'],
    exact: true,
  },
  {
    what: '@X what a damaged member has applied is proved: who lacks it has lost data',
    log: '',
    members: [a('C C', { fit: false }), b('1 1'), c('1')],
    out: ['s-a', 's-c'],
    base: 0,
    decisions: ['1:1 C', '1:2 C'],
  },
  {
    what: '@Y who lacks what our log committed is out',
    log: 'C C',
    members: [a('C'), b('C 1')],
    out: ['s-a'],
    base: 2,
    decisions: [],
  },
  {
    what: '@Y who lacks what our log settled and forgot is out',
    log: '',
    members: [a('C'), b('C C')],
    out: ['s-a'],
    base: 2,
    decisions: [],
  },
  {
    what: '@Y who lacks only what was aborted is not out',
    log: 'C A',
    members: [a('C'), b('C 1')],
    base: 2,
    decisions: [],
  },
  {
    what: '@Z a cut log proves nothing by what it lacks',
    log: '',
    members: [a('C', { tailFrom: 2 }), b('C 1')],
    out: ['s-a'],
    base: 1,
    decisions: ['1:2 C'],
    exact: true,
  },
  {
    what: '@Z a log that was cut behind it lacks it for certain',
    log: '',
    members: [a('C', { tailFrom: 3 }), b('C 1')],
    base: 1,
    decisions: ['1:2 A'],
    exact: true,
  },
  {
    what: '@Z a cut log that lacks nothing decides',
    log: '',
    members: [a('C', { tailFrom: 1 }), b('C')],
    base: 1,
    decisions: [],
  },
  {
    what: '@Z a damaged member that holds it is evidence enough',
    log: '',
    members: [a('C', { tailFrom: 2 }), b('C 1', { fit: false })],
    out: ['s-b', 's-a'],
    base: 1,
    decisions: [],
  },
  {
    what: 'goes through nothing where nobody decides, however much has ended',
    log: '',
    members: [a('C C C', { fit: false }), b('')],
    out: ['s-a', 's-b'],
    base: 3,
    decisions: [],
  },
  {
    what: 'a single log that was cut says nothing about members that did not answer',
    log: '',
    members: [a('C', { tailFrom: 2 })],
    base: 1,
    decisions: [],
    everybody: true,
  },
  {
    what: 'two logs that were cut at the same place do',
    log: '',
    members: [a('C', { tailFrom: 2 }), b('C', { tailFrom: 2 })],
    base: 1,
    decisions: [],
  },
  {
    what: '@W what an older epoch prepared was never acknowledged there',
    log: '',
    members: [a('1'), b('3'), c('3')],
    out: ['s-a'],
    base: 0,
    decisions: ['3:1 C'],
    exact: true,
  },
  {
    what: '@Y everybody has lost something: nobody decides',
    log: 'C C',
    members: [a('C'), b('')],
    out: ['s-a', 's-b'],
    base: 2,
    decisions: [],
  },
  { what: 'nobody answers', log: 'C', members: [], base: 1, decisions: [] },
  {
    what: '@W what follows a transaction of an older epoch is no evidence against a cut log',
    members: [a('C 2', { tailFrom: 3 }), b('C 1 1')],
    ...ENDED_LINE,
  },
  {
    what: '@W nor is it if who holds it is damaged',
    members: [a('C 2', { tailFrom: 3 }), b('C 1 1', { fit: false })],
    ...ENDED_LINE,
  },
];

describe('coordinator/verdicts', () => {
  for (const { what, log, members, out = [], base, decisions, ...needs } of CASES) {
    it(what, () => {
      const verdicts = decideVerdicts(members, logOf(log));
      expect(verdicts.excluded.map(({ storeId }) => storeId)).to.deep.equal(out);
      const stay = members.map(({ storeId }) => storeId).filter((id) => !out.includes(id));
      expect(verdicts.deciders).to.deep.equal(stay);
      expect(verdicts.baseTxid).to.equal(base);
      expect(decided(verdicts.decisions)).to.deep.equal(decisions);
      const { needsExactView: exact, needsEverybody: everybody } = verdicts;
      expect({ exact, everybody }).to.deep.equal({ exact: false, everybody: false, ...needs });
    });
  }

  it('forgets nothing that its log settled long ago', () => {
    const outcomes = logOf('C C');
    outcomes.replace(2, 2, [], []);
    const { excluded } = decideVerdicts([a('C'), b('C C')], outcomes);
    expect(excluded.map(({ storeId }) => storeId)).to.deep.equal(['s-a']);
  });

  it('counts no member that lacks what this log proves, though others have outrun it', () => {
    const { deciders, excluded } = decideVerdicts([a('C'), b('C 1')], logOf(''), [], 2);
    expect([deciders, excluded.map(({ storeId }) => storeId)]).to.deep.equal([['s-b'], ['s-a']]);
    expect(decideVerdicts([a('C')], logOf(''), [], 2).deciders).to.deep.equal([]);
    expect(decideVerdicts([a('C A')], logOf(''), [], 2).deciders).to.deep.equal(['s-a']);
  });

  it('says of each that is out why', () => {
    const members = [
      a('', { fit: false }),
      b(''),
      holding('c', 'C', { tailFrom: 2 }),
      holding('d', 'C 1'),
      holding('e', 'C 2'),
    ];
    const reasons = decideVerdicts(members, logOf('C')).excluded.map(({ why }) => why);
    expect(reasons).to.deep.equal([
      'its store is damaged or half filled',
      'it lacks transaction 1, which was committed',
      'its log was cut before transaction 2',
      'it holds another transaction 2, of an older epoch',
    ]);
  });
});

/** Every member state of at most three transactions: outcomes, then what is in doubt. */
const STATES: readonly string[] = (() => {
  const states: string[] = [];
  for (const ended of ['', 'C', 'A', 'C2', 'C C', 'C A', 'C C2', 'C A2']) {
    for (const doubt of ['', '1', '2', '1 1', '1 2']) states.push(`${ended} ${doubt}`.trim());
  }
  return states.filter((state) => state.split(' ').length <= 3);
})();

const LOGS = ['', 'C', 'A', 'C C', 'C A', 'C C2'];

/** What some log or member, cut or not, says of a transaction; contradictions are left out. */
function knownOutcomes(log: string, states: readonly string[]): Map<number, string> | null {
  const known = new Map<number, string>();
  for (const words of [log, ...states]) {
    const list = words.split(' ').filter((word) => /^[CA]/.test(word));
    for (const [at, word] of list.entries()) {
      if ((known.get(at + 1) ?? word) !== word) return null;
      known.set(at + 1, word);
    }
  }
  return known;
}

function checkLaws(log: string, states: readonly string[], tails: readonly number[]): void {
  const known = knownOutcomes(log, states);
  if (known === null) return;
  const members = states.map((state, at) => {
    return holding(`m${at}`, state, { tailFrom: tails[at] ?? 0 });
  });
  const verdicts = decideVerdicts(members, logOf(log));
  const label = `${log} | ${states.join(' | ')} | ${tails.join(' ')}`;
  const deciders = members.filter(({ storeId }) => verdicts.deciders.includes(storeId));
  const result = new Map(verdicts.decisions.map(({ txid, commit }) => [txid, commit]));
  let hasGuessedAbort = false;
  for (const [at, { txid, commit, epoch }] of verdicts.decisions.entries()) {
    expect(txid, `${label}: contiguous`).to.equal(verdicts.baseTxid + 1 + at);
    if (known.has(txid) || deciders.length === 0) continue;
    const held = deciders.map((status) => status.inDoubt[txid - status.resolved.txid - 1]);
    const isHeldByAll = held.every((one) => one?.epoch === epoch);
    expect(commit, `${label}: ${txid} is held by all`).to.equal(isHeldByAll);
    if (!commit) hasGuessedAbort = true;
    else expect(hasGuessedAbort, `${label}: aborts are a suffix`).to.equal(false);
  }
  for (const [txid, word] of known) {
    const commit = txid <= verdicts.baseTxid ? undefined : result.get(txid);
    const isCommit = word.startsWith('C');
    if (commit !== undefined) expect(commit, `${label}: ${txid}`).to.equal(isCommit);
    else expect(txid, `${label}: ${txid} is not dropped`).to.be.at.most(verdicts.baseTxid);
    const epoch = Number(word.slice(1) || 1);
    for (const status of deciders) {
      const held = status.inDoubt[txid - status.resolved.txid - 1];
      expect(held?.epoch ?? epoch, `${label}: no older ${txid}`).to.be.at.least(epoch);
      if (!isCommit) continue;
      expect(lastPrepared(status), `${label}: a decider holds ${txid}`).to.be.at.least(txid);
    }
  }
}

describe('coordinator/verdicts, of every small cluster', () => {
  it('keeps what anybody knows, commits what all deciders hold, aborts only a suffix', () => {
    for (const log of LOGS) {
      for (const first of STATES) {
        checkLaws(log, [first], []);
        for (const second of STATES) checkLaws(log, [first, second], []);
      }
    }
  });

  it('does so with three members, and logs that were cut', () => {
    const state = fc.constantFrom(...STATES);
    const tail = fc.nat(4);
    const three = fc.tuple(state, state, state);
    fc.assert(fc.property(fc.constantFrom(...LOGS), three, fc.tuple(tail, tail, tail), checkLaws), {
      numRuns: 3000,
    });
  });

  it('lists the aborts that its log lacks and all deciders have ended, in order, once each', () => {
    const members = [a('C A C A'), b('C A C A 1'), c('C A C A C A')];
    const { baseTxid, aborted, decisions } = decideVerdicts(members, logOf('C'));
    expect([baseTxid, decided(aborted)]).to.deep.equal([4, ['1:2 A', '1:4 A']]);
    expect(decided(decisions), 'those above are decisions').to.deep.equal(['1:5 C', '1:6 A']);
    expect(decideVerdicts(members, logOf('C A C A')).aborted).to.deep.equal([]);
    const damaged = [a('C C'), b('C A', { fit: false })];
    expect(decided(decideVerdicts(damaged, logOf('')).aborted)).to.deep.equal(['1:2 A']);
  });

  it('never lets the order of the answers matter', () => {
    const state = fc.constantFrom(...STATES);
    fc.assert(
      fc.property(fc.constantFrom(...LOGS), fc.array(state, { maxLength: 4 }), (log, states) => {
        fc.pre(knownOutcomes(log, states) !== null);
        const members = states.map((words, at) => holding(`m${at}`, words));
        const ahead = decideVerdicts(members, logOf(log));
        const back = decideVerdicts([...members].reverse(), logOf(log));
        expect(back.decisions).to.deep.equal(ahead.decisions);
        expect([...back.deciders].reverse()).to.deep.equal(ahead.deciders);
      }),
    );
  });

  it('commits every acknowledged transaction, whatever each member still knows of it', () => {
    // n was prepared at all members, then committed; each has seen a prefix of what followed.
    const seen = fc.constantFrom('1', '1 1', 'C', 'C 1');
    fc.assert(
      fc.property(fc.array(seen, { minLength: 1, maxLength: 5 }), (states) => {
        const members = states.map((words, at) => holding(`m${at}`, words));
        const { baseTxid, decisions, excluded } = decideVerdicts(members, logOf(''));
        expect(excluded).to.deep.equal([]);
        expect(baseTxid >= 1 || decisions[0]?.commit === true).to.equal(true);
      }),
    );
  });
});
