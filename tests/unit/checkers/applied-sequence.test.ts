/** What a participant applied, as its log tells it: the same as its own recovery finds. */
import { expect } from 'chai';
import { crc32 } from '../../../src/base/hash.js';
import type { WriteCommand } from '../../../src/base/store-request.js';
import { ParticipantRecovery } from '../../../src/participant/recovery.js';
import { encodeCommands } from '../../../src/storage/commands.js';
import type { WalRecord } from '../../../src/wal/record.js';
import {
  appliedSequence,
  ContradictoryLogError,
  outcomesOf,
} from '../../checkers/applied-sequence.js';

function payloadOf(value: string): Buffer {
  const command: WriteCommand = { op: 'set', pairs: [['k', Buffer.from(value)]] };
  return encodeCommands([command]);
}

function prepared(txid: number, value: string, epoch = 1): WalRecord {
  const payload = payloadOf(value);
  const { length } = payload;
  return {
    kind: 'prepared',
    epoch,
    txid,
    view: 1,
    payload,
    stage: '',
    length,
    crc: crc32(payload),
  };
}

function outcome(kind: 'commit' | 'abort', txid: number, epoch = 1): WalRecord {
  return { kind, epoch, txid };
}

function epoch(number: number): WalRecord {
  return { kind: 'epoch', epoch: { number, nonce: 'n' } };
}

const voided: WalRecord = {
  kind: 'piece',
  stage: 's',
  offset: 0,
  total: 0,
  bytes: Buffer.alloc(0),
};

function staged(txid: number, value: string, stage = 's'): WalRecord[] {
  const payload = payloadOf(value);
  const total = payload.length;
  const piece = (offset: number, end: number): WalRecord => ({
    kind: 'piece',
    stage,
    offset,
    total,
    bytes: payload.subarray(offset, end),
  });
  const record = prepared(txid, value);
  return [
    piece(0, 5),
    piece(0, 5),
    piece(5, total),
    { ...record, payload: Buffer.alloc(0), stage } as WalRecord,
  ];
}

/** `txid commands`, or `txid abort`. */
function applied(records: readonly WalRecord[], snapshotTxid = 0): string[] {
  const log = { participant: 'p1', snapshotTxid, records };
  return appliedSequence(log).transactions.map(
    ({ txid, outcome: how, commands }) => `${txid} ${how === 'abort' ? how : commands.join()}`,
  );
}

describe('the applied sequence of a log', () => {
  const logs: Readonly<Record<string, [WalRecord[], string[]]>> = {
    nothing: [[], []],
    'commits in order': [
      [prepared(1, 'a'), prepared(2, 'b'), outcome('commit', 1), outcome('commit', 2)],
      ['1 SET k=a', '2 SET k=b'],
    ],
    'what is in doubt is not applied': [
      [prepared(1, 'a'), outcome('commit', 1), prepared(2, 'b')],
      ['1 SET k=a'],
    ],
    'an abort uses its number up, prepared or not': [
      [prepared(1, 'a'), outcome('abort', 1), outcome('abort', 2), prepared(3, 'c')],
      ['1 abort', '2 abort'],
    ],
    'records that a checkpoint wrote again': [
      [
        prepared(1, 'a'),
        prepared(2, 'b'),
        outcome('commit', 1),
        prepared(1, 'a'),
        outcome('commit', 1),
        prepared(2, 'b'),
        outcome('commit', 2),
      ],
      ['1 SET k=a', '2 SET k=b'],
    ],
    'a newer epoch takes the place of what was in doubt': [
      [prepared(1, 'a'), prepared(2, 'b'), prepared(1, 'c', 2), outcome('commit', 1, 2)],
      ['1 SET k=c'],
    ],
    'what was voided': [
      [prepared(1, 'a'), { kind: 'void', txid: 1 }, prepared(1, 'b', 2), outcome('commit', 1, 2)],
      ['1 SET k=b'],
    ],
    'a stage that was voided, and staged anew': [
      [...staged(1, 'lost').slice(0, 2), voided, ...staged(1, 'large'), outcome('commit', 1)],
      ['1 SET k=large'],
    ],
    'a void of what was never staged': [
      [voided, ...staged(1, 'large'), outcome('commit', 1)],
      ['1 SET k=large'],
    ],
    'a new epoch forgets what is staged': [
      [...staged(1, 'lost').slice(0, 2), epoch(2), ...staged(1, 'other'), outcome('commit', 1)],
      ['1 SET k=other'],
    ],
    'a new epoch keeps the payload of what is prepared': [
      [
        ...staged(1, 'large'),
        epoch(2),
        { ...prepared(1, 'large', 2), payload: Buffer.alloc(0), stage: 's' } as WalRecord,
        outcome('commit', 1, 2),
      ],
      ['1 SET k=large'],
    ],
    'an epoch that is written again forgets nothing': [
      [
        epoch(1),
        ...staged(1, 'large').slice(0, 2),
        epoch(1),
        ...staged(1, 'large').slice(2),
        outcome('commit', 1),
      ],
      ['1 SET k=large'],
    ],
    'a payload in pieces, one of them twice': [
      [...staged(1, 'large'), outcome('commit', 1)],
      ['1 SET k=large'],
    ],
  };
  for (const [name, [records, expected]] of Object.entries(logs)) {
    it(name, () => {
      expect(applied(records)).to.deep.equal(expected);
      const recovery = new ParticipantRecovery(1e6);
      for (const record of records) recovery.feed(record);
      expect(recovery.state.resolved.txid).to.equal(expected.length);
    });
  }

  it('starts behind the snapshot, and ignores older records', () => {
    const records: WalRecord[] = [
      { kind: 'reset', txid: 7, epoch: 1, chain: '' },
      prepared(7, 'old'),
      prepared(8, 'a'),
      outcome('commit', 7),
      outcome('commit', 8),
    ];
    expect(applied(records, 7)).to.deep.equal(['8 SET k=a']);
    const log = { participant: 'p1', snapshotTxid: 7, records };
    expect(appliedSequence(log)).to.include({ participant: 'p1', startsAfter: 7 });
  });

  it('is empty when an install did not end', () => {
    const records: WalRecord[] = [
      prepared(8, 'a'),
      outcome('commit', 8),
      { kind: 'reset', txid: 20, epoch: 1, chain: '' },
    ];
    const log = { participant: 'p1', snapshotTxid: 7, records };
    expect(appliedSequence(log)).to.deep.equal({
      participant: 'p1',
      startsAfter: 0,
      transactions: [],
    });
  });

  it('goes on with what the coordinator decided', () => {
    const records = [prepared(1, 'a'), prepared(2, 'b'), prepared(3, 'c'), prepared(4, 'd')];
    const outcomes = outcomesOf([
      outcome('commit', 1),
      { kind: 'commitDone', epoch: 1, txid: 1 },
      {
        kind: 'state',
        lastTxid: 2,
        settledTxid: 0,
        view: null,
        epochs: [],
        recent: [{ epoch: 1, txid: 2, commit: false }],
        lineage: [],
      },
      outcome('commit', 3, 2),
      outcome('commit', 4),
    ]);
    const log = { participant: 'p1', snapshotTxid: 0, records };
    const { transactions } = appliedSequence(log, outcomes);
    expect(transactions.map((each) => each.outcome)).to.deep.equal(['commit', 'abort']);
  });

  const contradictions: Readonly<Record<string, [WalRecord[], RegExp]>> = {
    'a gap between prepares': [[prepared(2, 'b')], /PREPARED 2 where 1 was next/],
    'a commit of nothing': [[outcome('commit', 1)], /COMMIT of 1:1, not prepared/],
    'a commit of another epoch': [
      [prepared(1, 'a'), outcome('commit', 1, 2)],
      /COMMIT of 2:1, not prepared/,
    ],
    'a gap between outcomes': [
      [prepared(1, 'a'), prepared(2, 'b'), outcome('commit', 2)],
      /outcome of 2 where 1 was next/,
    ],
    'a payload that is not whole': [
      staged(1, 'large').filter((_, i) => i !== 2),
      /payload of 1 is not what was prepared/,
    ],
    "a coordinator's record": [[{ kind: 'commitDone', epoch: 1, txid: 1 }], /commitDone/],
  };
  for (const [name, [records, message]] of Object.entries(contradictions)) {
    it(`refuses ${name}`, () => {
      expect(() => applied(records)).to.throw(ContradictoryLogError, message);
    });
  }
});
