import { expect } from 'chai';
import { keepWhenFull } from '../../cluster/keep-when-full.js';
import type { WalRecord } from '../../../src/wal/record.js';
import { epoch, preparedRecord, set, view } from '../participant/participant-driver.js';

const commit = (txid: number): WalRecord => ({ kind: 'commit', epoch: 1, txid });
const abort = (txid: number): WalRecord => ({ kind: 'abort', epoch: 1, txid });
const prepared = (txid: number): WalRecord => preparedRecord(txid, [set('k', 'v')]);
const piece: WalRecord = { kind: 'piece', stage: 's', offset: 0, total: 1, bytes: Buffer.alloc(1) };

describe('cluster/keep-when-full', () => {
  it('drops promises and keeps outcomes of what is prepared on disk', () => {
    const records = [commit(1), piece, abort(2), prepared(3), prepared(4)];
    expect(keepWhenFull(records)).to.deep.equal([commit(1), abort(2)]);
  });

  it('drops a commit with its own PREPARED, and every outcome behind it', () => {
    const records = [commit(4), prepared(5), commit(5), abort(6), prepared(7), commit(7)];
    expect(keepWhenFull(records)).to.deep.equal([commit(4)]);
  });

  it('keeps the abort of what was never prepared here', () => {
    expect(keepWhenFull([prepared(5), abort(5)])).to.deep.equal([abort(5)]);
  });

  it('keeps what is small and says who we follow', () => {
    const small: WalRecord[] = [
      { kind: 'epoch', epoch: epoch(2) },
      { kind: 'view', view: view(2, 's') },
      { kind: 'void', txid: 5 },
      { kind: 'tail', txid: 5 },
      { kind: 'sound', txid: 5 },
      { kind: 'reset', txid: 5, epoch: 1, chain: '' },
      { kind: 'piece', stage: 's', offset: 0, total: 0, bytes: Buffer.alloc(0) },
    ];
    expect(keepWhenFull([prepared(5), ...small])).to.deep.equal(small);
  });

  it('is done after one pass: what it keeps, it keeps again', () => {
    const records = [prepared(1), commit(1), piece, abort(2), prepared(3)];
    expect(keepWhenFull(keepWhenFull(records))).to.deep.equal(keepWhenFull(records));
  });
});
