import { expect } from 'chai';
import fc from 'fast-check';
import { crc32 } from '../../../src/base/hash.js';
import { START_CHAIN } from '../../../src/base/ids.js';
import { ParticipantRecovery } from '../../../src/participant/recovery.js';
import { ReplayError } from '../../../src/wal/errors.js';
import type { ParticipantState } from '../../../src/participant/state.js';
import { encodeCommands } from '../../../src/storage/commands.js';
import { Table } from '../../../src/storage/table.js';
import type { WalRecord } from '../../../src/wal/record.js';
import { del, epoch, preparedRecord as prepared, set, view } from './participant-driver.js';

const commit = (txid: number, of = 1): WalRecord => ({ kind: 'commit', epoch: of, txid });
const abort = (txid: number, of = 1): WalRecord => ({ kind: 'abort', epoch: of, txid });
const p = (txid: number, of = 1, value = `v${txid}`): WalRecord =>
  prepared(txid, [set('k', value)], of);

function replay(...records: WalRecord[]): ParticipantState {
  const recovery = new ParticipantRecovery(100_000);
  for (const record of records) recovery.feed(record);
  expect(recovery.records).to.equal(records.length);
  return recovery.finish(false);
}

/** All of the state that a record may change. */
function told(state: ParticipantState): object {
  return {
    resolved: state.resolved,
    digest: state.table.digest(),
    inDoubt: state.inDoubt.map(({ record }) => [record.epoch, record.txid, record.crc]),
    aborted: state.aborted,
    lineage: state.lineage,
    view: state.view,
    epoch: state.epoch,
    tail: state.tailFrom,
    lastEpoch: state.lastEpoch,
    installing: state.installing,
  };
}

const read = (state: ParticipantState): string | undefined => state.table.get('k')?.toString();

describe('participant/recovery', () => {
  it('@A takes the next PREPARED into doubt and applies nothing', () => {
    const state = replay(p(1), p(2));
    expect(state.inDoubt.map(({ record }) => record.txid)).to.deep.equal([1, 2]);
    expect(state.resolved.txid).to.equal(0);
    expect(read(state)).to.equal(undefined);
    expect(state.empty).to.equal(false);
  });

  it('drops a staged payload that nothing refers to, as it was dropped when it was written', () => {
    const payload = encodeCommands([set('k', Buffer.alloc(100))]);
    const [length, bytes] = [payload.length, payload];
    const piece = (stage: string): WalRecord => {
      return { kind: 'piece', stage, offset: 0, total: length, bytes };
    };
    const staged = prepared(1, []);
    const first: WalRecord[] = [{ kind: 'epoch', epoch: epoch(1) }, piece('a'), piece('b')];
    const inDoubt = {
      ...staged,
      payload: Buffer.alloc(0),
      stage: 'a',
      length,
      crc: crc32(payload),
    };
    const names = (...records: WalRecord[]): string[] =>
      [...replay(...first, ...records).stages.all()].map(({ name }) => name);
    expect(names()).to.deep.equal(['a', 'b']);
    const none = {
      kind: 'piece',
      stage: 'b',
      offset: 0,
      total: 0,
      bytes: Buffer.alloc(0),
    } as const;
    expect(names(none), 'an empty piece drops it').to.deep.equal(['a']);
    const again: WalRecord = { kind: 'epoch', epoch: epoch(1) };
    expect(names(inDoubt, again), 'the same epoch').to.deep.equal(['a', 'b']);
    const next: WalRecord = { kind: 'epoch', epoch: epoch(2) };
    expect(names(inDoubt, next), 'all but what is prepared').to.deep.equal(['a']);
    expect(names(next, piece('b')), 'sent anew').to.deep.equal(['b']);
  });

  it('@B passes over a PREPARED that a checkpoint wrote again', () => {
    expect(told(replay(p(1), p(2), p(1), p(2)))).to.deep.equal(told(replay(p(1), p(2))));
    expect(told(replay(p(1), p(2), p(1)))).to.deep.equal(told(replay(p(1), p(2))));
  });

  it('@C lets a newer epoch take the place of what was voided', () => {
    const state = replay(p(1), p(2), p(3), p(2, 5, 'new'));
    expect(state.inDoubt.map(({ record }) => [record.epoch, record.txid])).to.deep.equal([
      [1, 1],
      [5, 2],
    ]);
  });

  it('@D passes over whatever is at or below what is resolved', () => {
    const state = replay(p(1), commit(1), abort(2), p(1), commit(1), abort(2), abort(1, 9));
    expect(told(state)).to.deep.equal(told(replay(p(1), commit(1), abort(2))));
  });

  it('@E applies a commit of the oldest in doubt, and uses up an aborted txid', () => {
    const state = replay(p(1), p(2), commit(1), abort(2), abort(3), p(4), commit(4));
    expect(read(state)).to.equal('v4');
    expect(state.resolved.txid).to.equal(4);
    expect(state.aborted).to.deep.equal([
      { epoch: 1, txid: 2 },
      { epoch: 1, txid: 3 },
    ]);
    expect(state.inDoubt).to.have.length(0);
  });

  const broken: [what: string, records: WalRecord[], error: RegExp][] = [
    ['a PREPARED that leaves a gap', [p(1), p(3)], /3 follows 1/],
    ['an outcome that leaves a gap', [p(1), commit(1), abort(3)], /outcome of 3 follows 1/],
    ['a commit of what was never prepared', [commit(1)], /never prepared/],
    ['a commit of another epoch', [p(1, 1), commit(1, 2)], /never prepared/],
    ["a coordinator's record", [{ kind: 'commitDone', epoch: 1, txid: 1 }], /coordinator's log/],
    [
      'a payload that changed',
      [{ ...prepared(1, [set('k', 'v')]), crc: 1 }],
      /does not match its checksum/,
    ],
    ['a staged payload without pieces', [{ ...prepared(1, []), stage: 's' }], /is not whole/],
  ];
  for (const [what, records, error] of broken) {
    it(`@F refuses ${what}`, () => {
      expect(() => replay(...records)).to.throw(ReplayError, error);
    });
  }

  it('keeps the highest epoch and view', () => {
    const record = (number: number): WalRecord[] => [
      { kind: 'epoch', epoch: epoch(number, `n${number}`) },
      { kind: 'view', view: view(number, 's') },
    ];
    const state = replay(...record(2), ...record(5), ...record(3));
    expect(state.epoch).to.deep.equal(epoch(5, 'n5'));
    expect(state.view?.number).to.equal(5);
  });

  it('takes hints from the small file only where they are newer, and none for none', () => {
    const recovery = new ParticipantRecovery(1000);
    recovery.hintEpoch(epoch(3));
    recovery.hintEpoch(null);
    recovery.hintView(view(3, 's'));
    recovery.hintView(null);
    recovery.hintView({ ...view(4, 's'), epoch: epoch(0) });
    recovery.feed({ kind: 'epoch', epoch: epoch(2) });
    const state = recovery.finish(false);
    expect([state.epoch.number, state.view?.number]).to.deep.equal([3, 3]);
  });

  it('drops what was staged before an epoch that only the small file knows', () => {
    const bytes = Buffer.from('half of it');
    for (const [number, count] of [
      [1, 1],
      [2, 0],
    ] as const) {
      const recovery = new ParticipantRecovery(1000);
      recovery.feed({ kind: 'epoch', epoch: epoch(1) });
      recovery.feed({ kind: 'piece', stage: '1.1', offset: 0, total: 100, bytes });
      recovery.hintEpoch(epoch(number));
      expect(recovery.finish(true).stages.count).to.equal(count);
    }
  });

  it('voids what is in doubt, its staged payload too', () => {
    const bytes = encodeCommands([set('k', 'v')]);
    const staged = { ...prepared(1, []), payload: Buffer.alloc(0), stage: 's' };
    const state = replay(
      { kind: 'piece', stage: 's', offset: 0, total: bytes.length, bytes },
      { ...staged, length: bytes.length, crc: crc32(bytes) },
      { kind: 'void', txid: 1 },
    );
    expect(state.inDoubt).to.have.length(0);
    expect(state.stages.count).to.equal(0);
    expect(state.empty).to.equal(true);
  });

  it('finds a staged payload in its pieces, whatever was written twice', () => {
    const bytes = encodeCommands([set('k', 'staged')]);
    const total = bytes.length;
    const piece = (from: number, to: number): WalRecord => {
      return { kind: 'piece', stage: 's', offset: from, total, bytes: bytes.subarray(from, to) };
    };
    const record: WalRecord = {
      ...prepared(1, []),
      payload: Buffer.alloc(0),
      stage: 's',
      length: total,
      crc: crc32(bytes),
    };
    const first = [piece(0, 5), piece(5, total), record];
    const state = replay(...first, piece(0, total), record, commit(1));
    expect(read(state)).to.equal('staged');
    expect(state.stages.count).to.equal(0);
  });

  it('remembers that a tail was cut until the state was compared', () => {
    const cut = (...records: WalRecord[]): number => {
      const recovery = new ParticipantRecovery(1000);
      for (const record of records) recovery.feed(record);
      return recovery.finish(true).tailFrom;
    };
    expect(cut(p(1), commit(1), p(2)), 'from what was lost at the earliest').to.equal(3);
    expect(cut({ kind: 'tail', txid: 2 }, p(1)), 'an older cut stays').to.equal(2);
    expect(replay({ kind: 'tail', txid: 2 }).tailFrom).to.equal(2);
    expect(replay({ kind: 'tail', txid: 2 }, { kind: 'sound', txid: 4 }).tailFrom).to.equal(0);
  });

  it('takes an outcome behind a cut for the word that nothing was lost there', () => {
    const tail = { kind: 'tail', txid: 1 } as const;
    expect(replay(tail, p(1)).tailFrom, 'prepared is not decided').to.equal(1);
    expect(replay(tail, p(1), commit(1), p(2)).tailFrom).to.equal(0);
    const recovery = new ParticipantRecovery(1000);
    for (const record of [tail, p(1), commit(1), p(2)]) recovery.feed(record);
    expect(recovery.finish(true).tailFrom, 'another cut').to.equal(3);
  });

  it('counts as empty when the snapshot that a RESET speaks of is not there', () => {
    const table = new Table();
    const header = {
      txid: 7,
      epoch: 1,
      chain: 'x',
      digest: '',
      keys: 0,
      bytes: 0,
      aborted: [],
      lineage: [],
    };
    for (const [txid, chain, installing] of [
      [7, 'x', false],
      [7, 'y', true],
      [8, 'x', true],
    ] as const) {
      const recovery = new ParticipantRecovery(1000);
      recovery.snapshot(header, table);
      recovery.feed({ kind: 'reset', txid, epoch: 1, chain });
      const state = recovery.finish(false);
      expect([state.installing, state.empty]).to.deep.equal([installing, installing]);
    }
  });

  it('goes on behind a snapshot', () => {
    const table = new Table();
    table.set('k', Buffer.from('old'));
    const aborted = [{ epoch: 1, txid: 6 }];
    const lineage = [{ epoch: 1, txid: 4 }];
    const names = { txid: 7, epoch: 1, chain: 'x', digest: '' };
    const header = { ...names, keys: 1, bytes: 0, aborted, lineage };
    const recovery = new ParticipantRecovery(1000);
    recovery.snapshot(header, table);
    for (const record of [p(7), commit(7), p(8), commit(8)]) recovery.feed(record);
    const state = recovery.finish(false);
    expect(read(state)).to.equal('v8');
    expect([state.aborted, state.lineage]).to.deep.equal([aborted, lineage]);
    expect(state.resolved.chain).to.not.equal('x');
  });
});

/** A log as a live participant writes it; each number chooses the next legal record. */
function legalLog(choices: readonly number[]): WalRecord[] {
  const log: WalRecord[] = [];
  let resolved = 0;
  let doubt: number[] = [];
  let era = 1;
  for (const choice of choices) {
    const head = doubt[0];
    const next = resolved + 1;
    if (choice < 4) {
      const txid = resolved + doubt.length + 1;
      log.push(prepared(txid, [set(`k${txid % 5}`, `${choice}.${txid}`), del('k0')], era));
      doubt.push(era);
    } else if (choice < 7 && head !== undefined) {
      log.push(commit(next, head));
      resolved = next;
      doubt.shift();
    } else if (choice === 7) {
      log.push(abort(next, head ?? era));
      resolved = next;
      doubt.shift();
    } else if (choice === 8) {
      era += 1;
      log.push({ kind: 'epoch', epoch: epoch(era) }, { kind: 'view', view: view(era, 's') });
    } else {
      log.push({ kind: 'void', txid: next });
      doubt = [];
    }
  }
  return log;
}

describe('participant/recovery, of any log', () => {
  const choices = fc.array(fc.nat(9), { maxLength: 40 });

  it('has the same effect when a checkpoint has repeated what is in doubt', () => {
    fc.assert(
      fc.property(choices, fc.nat(), (list, seed) => {
        const log = legalLog(list);
        const at = seed % (log.length + 1);
        const before = replay(...log.slice(0, at));
        const again: WalRecord[] = [{ kind: 'epoch', epoch: before.epoch }];
        if (before.view !== null) again.push({ kind: 'view', view: before.view });
        again.push(...before.inDoubt.map(({ record }) => record));
        const twice = replay(...log.slice(0, at), ...again, ...log.slice(at));
        expect(told(twice)).to.deep.equal(told(replay(...log)));
      }),
    );
  });

  it('has the same effect behind a snapshot of any moment', () => {
    fc.assert(
      fc.property(choices, fc.nat(), fc.boolean(), (list, seed, repeats) => {
        const log = legalLog(list);
        const at = seed % (log.length + 1);
        const before = replay(...log.slice(0, at));
        const { resolved, lastEpoch: epoch, aborted, lineage } = before;
        const recovery = new ParticipantRecovery(100_000);
        const sizes = { digest: '', keys: 0, bytes: 0 };
        recovery.snapshot({ ...resolved, epoch, aborted, lineage, ...sizes }, before.table);
        recovery.hintEpoch(before.epoch);
        recovery.hintView(before.view);
        if (repeats) for (const record of log.slice(0, at)) feedRepeated(recovery, record);
        for (const { record } of before.inDoubt) recovery.feed(record);
        for (const record of log.slice(at)) recovery.feed(record);
        expect(told(recovery.finish(false))).to.deep.equal(told(replay(...log)));
      }),
    );
  });

  it('applies exactly what was committed, in order', () => {
    fc.assert(
      fc.property(choices, (list) => {
        const log = legalLog(list);
        const state = replay(...log);
        const payloads = new Map<string, WalRecord>();
        const model = new Table();
        for (const record of log) {
          if (record.kind === 'prepared') payloads.set(`${record.epoch}:${record.txid}`, record);
          if (record.kind !== 'commit') continue;
          const from = payloads.get(`${record.epoch}:${record.txid}`);
          expect(from?.kind).to.equal('prepared');
          const choice = /^(\d)\./.exec(readValue(from, record.txid))?.[1] ?? '';
          model.set(`k${record.txid % 5}`, Buffer.from(`${choice}.${record.txid}`));
          model.delete('k0');
        }
        expect(state.table.digest()).to.equal(model.digest());
        const commits = log.filter((record) => record.kind === 'commit').length;
        expect(state.resolved.chain === START_CHAIN).to.equal(commits === 0);
      }),
    );
  });
});

/** Records of segments older than the snapshot that were not removed yet: all but the doubtful. */
function feedRepeated(recovery: ParticipantRecovery, record: WalRecord): void {
  if ('txid' in record && record.kind !== 'void' && record.txid <= recovery.state.resolved.txid) {
    recovery.feed(record);
  }
}

function readValue(record: WalRecord | undefined, txid: number): string {
  if (record?.kind !== 'prepared') return '';
  const text = record.payload.toString('latin1');
  const found = new RegExp(`\\d\\.${txid}`).exec(text);
  return found?.[0] ?? '';
}
