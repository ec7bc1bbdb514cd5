import { expect } from 'chai';
import fc from 'fast-check';
import { CoordinatorRecovery } from '../../../src/coordinator/recovery.js';
import { ReplayError } from '../../../src/wal/errors.js';
import type { WalRecord } from '../../../src/wal/record.js';
import { decided, epoch, view } from './statuses.js';

const outcome = (txid: number, commit = true): WalRecord => ({
  kind: commit ? 'commit' : 'abort',
  epoch: 1,
  txid,
});
const done = (txid: number, kind: 'commitDone' | 'abortDone' = 'commitDone'): WalRecord => ({
  kind,
  epoch: 1,
  txid,
});
const begun = (number: number): WalRecord => ({ kind: 'epoch', epoch: epoch(number) });
const viewed = (number: number): WalRecord => ({ kind: 'view', view: view(number, 'a') });

function state(lastTxid: number, settledTxid: number, changes: object = {}): WalRecord {
  const lists = { epochs: [], recent: [], lineage: [] };
  return { kind: 'state', lastTxid, settledTxid, view: null, ...lists, ...changes };
}

function replay(...records: readonly WalRecord[]) {
  const recovery = new CoordinatorRecovery();
  for (const record of records) recovery.feed(record);
  expect(recovery.records).to.equal(records.length);
  const { epochs, view: last, outcomes } = recovery.finish();
  const { decidedTxid, settledTxid } = outcomes;
  const recent = decided(outcomes.recent());
  return {
    epochs: epochs.map(({ number }) => number),
    view: last?.number,
    decidedTxid,
    settledTxid,
    recent,
  };
}

describe('coordinator/recovery', () => {
  it('@A remembers every start, in order, once', () => {
    expect(replay(begun(1), begun(4), begun(4), begun(2)).epochs).to.deep.equal([1, 4]);
  });

  it('@A remembers a bounded number of starts', () => {
    const { epochs } = replay(...Array.from({ length: 1001 }, (_, index) => begun(index + 1)));
    expect([epochs[0], epochs.length]).to.deep.equal([2, 1000]);
  });

  it('@B keeps the newest view', () => {
    expect(replay(viewed(1), viewed(3), viewed(2)).view).to.equal(3);
    expect(replay().view).to.equal(undefined);
  });

  it('@B keeps the views from the newest that stands twice on, and prefers the later epoch', () => {
    const chain = (...records: WalRecord[]): number[] => {
      const recovery = new CoordinatorRecovery();
      for (const record of records) recovery.feed(record);
      return recovery.finish().views.map(({ number }) => number);
    };
    expect(chain(viewed(1), viewed(2), viewed(3))).to.deep.equal([1, 2, 3]);
    expect(chain(viewed(1), viewed(2), viewed(2), viewed(3))).to.deep.equal([2, 3]);
    const later: WalRecord = { kind: 'view', view: { ...view(4, 'b'), epoch: epoch(2) } };
    expect(replay(viewed(9), later, viewed(10)).view).to.equal(4);
    const recovery = new CoordinatorRecovery();
    recovery.feed(viewed(9));
    recovery.hintView({ ...view(4, 'b'), epoch: epoch(2) });
    const { view: last, highestNumber } = recovery.finish();
    expect([last?.number, highestNumber]).to.deep.equal([4, 9]);
  });

  it('@B knows of the newest view that stands twice that it was installed', () => {
    const installed = (...records: WalRecord[]): number | undefined => {
      const recovery = new CoordinatorRecovery();
      for (const record of records) recovery.feed(record);
      return recovery.finish().installed?.number;
    };
    expect(installed(viewed(1))).to.equal(undefined);
    expect(installed(viewed(1), viewed(1), viewed(2))).to.equal(1);
    expect(installed(viewed(1), viewed(1), viewed(2), viewed(2))).to.equal(2);
    expect(installed(state(0, 0, { view: view(3, 'a') })), 'only proposed').to.equal(undefined);
    expect(installed(state(0, 0, { view: view(3, 'a') }), viewed(3))).to.equal(3);
  });

  it('@A is unfinished from a start without log to the next STATE', () => {
    const marked: WalRecord = { kind: 'epoch', epoch: epoch(2), withoutLog: true };
    const isUnfinished = (...records: WalRecord[]): boolean => {
      const recovery = new CoordinatorRecovery();
      for (const record of records) recovery.feed(record);
      return recovery.finish().isUnfinished;
    };
    expect(isUnfinished(begun(1))).to.equal(false);
    expect(isUnfinished(begun(1), marked, begun(3))).to.equal(true);
    expect(isUnfinished(begun(1), marked, state(0, 0))).to.equal(false);
  });

  it('@C decides the next transaction, and passes over what was written again', () => {
    const { decidedTxid, recent } = replay(outcome(1), outcome(2, false), outcome(1), outcome(2));
    expect([decidedTxid, recent]).to.deep.equal([2, ['1:1 C', '1:2 A']]);
  });

  it('@D settles, of either kind', () => {
    const records = [outcome(1), outcome(2), outcome(3)];
    expect(replay(...records, done(2)).settledTxid).to.equal(2);
    expect(replay(...records, done(3, 'abortDone'), done(1)).settledTxid).to.equal(3);
  });

  it('@E takes all of it over at once, and goes on behind it', () => {
    const recent = [{ epoch: 6, txid: 9, commit: false }];
    const all = state(9, 8, { view: view(4, 'a'), epochs: [epoch(2), epoch(6)], recent });
    expect(replay(outcome(1), viewed(1), begun(2), all, outcome(10))).to.deep.equal({
      epochs: [2, 6],
      view: 4,
      decidedTxid: 10,
      settledTxid: 8,
      recent: ['6:9 A', '1:10 C'],
    });
  });

  it('@E lets an operator’s override void later outcomes', () => {
    const { decidedTxid, recent } = replay(outcome(1), outcome(2), state(1, 1), outcome(2, false));
    expect([decidedTxid, recent]).to.deep.equal([2, ['1:2 A']]);
  });

  const broken: [what: string, records: WalRecord[], error: RegExp][] = [
    ['an outcome that leaves a gap', [outcome(1), outcome(3)], /outcome of 3 follows 1/],
    ['a gap behind a state', [state(5, 5), outcome(7)], /outcome of 7 follows 5/],
    ["a participant's record", [{ kind: 'void', txid: 1 }], /void record belongs to a participant/],
  ];
  for (const [what, records, error] of broken) {
    it(`@F refuses ${what}`, () => {
      expect(() => replay(...records)).to.throw(ReplayError, error);
    });
  }

  it('takes hints from the small file only where they are newer, and none for none', () => {
    const recovery = new CoordinatorRecovery();
    recovery.hintEpoch(null);
    recovery.hintView(null);
    recovery.feed(begun(3));
    recovery.hintEpoch(epoch(2));
    recovery.hintEpoch(epoch(5));
    recovery.hintView(view(2, 'a'));
    recovery.feed(viewed(1));
    const found = recovery.finish();
    expect(found.epochs.map(({ number }) => number)).to.deep.equal([3, 5]);
    expect(found.view?.number).to.equal(2);
  });

  it('comes to the same when any part of the log is read again', () => {
    const choices = fc.array(fc.nat(4), { maxLength: 40 });
    fc.assert(
      fc.property(choices, fc.nat(), (list, seed) => {
        const log: WalRecord[] = [];
        let txid = 0;
        for (const [at, choice] of list.entries()) {
          if (choice < 3) {
            txid += 1;
            log.push(outcome(txid, choice > 0));
          } else if (choice === 3) log.push(done(txid));
          else log.push(begun(at + 1), viewed(at + 1));
        }
        const prefix = log.slice(0, seed % (log.length + 1));
        expect(replay(...log, ...prefix)).to.deep.equal(replay(...log));
        const twice = prefix.flatMap((record) => [record, record]);
        expect(replay(...twice, ...log)).to.deep.equal(replay(...log));
      }),
    );
  });
});
