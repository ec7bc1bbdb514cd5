import { expect } from 'chai';
import type { StoreReply } from '../../../src/base/store-request.js';
import type { Peer } from '../../../src/coordinator/peer.js';
import { type PendingRead, SessionReads } from '../../../src/coordinator/session-reads.js';
import { CoordinatorDriver } from './coordinator-driver.js';

const LATE: StoreReply = { type: 'error', code: 'TRYAGAIN', text: 'too late' };

/** Reads of one session at one member, with the tokens 1, 2, …; and the tokens that were told. */
function under(way: number): { reads: PendingRead[]; sessions: SessionReads; told: number[] } {
  const told: number[] = [];
  const sessions = new SessionReads(({ token }) => told.push(token));
  const reads = Array.from({ length: way }, (_, index): PendingRead => {
    const client = { session: 1, token: index + 1 };
    const command = { op: 'get', keys: ['k'] } as const;
    return { client, command, deadline: 1000, isAlone: false, reply: null };
  });
  for (const read of reads) sessions.asked(read, peer());
  return { reads, sessions, told };
}

const { peers } = new CoordinatorDriver().machine;

function peer(index = 0): Peer {
  const found = peers.all[index];
  if (found === undefined) throw new Error('no such peer');
  return found;
}

function at(reads: readonly PendingRead[], index: number): PendingRead {
  const found = reads[index];
  if (found === undefined) throw new Error('no such read');
  return found;
}

describe('coordinator/session-reads', () => {
  it('tells answers in the order of asking', () => {
    const { reads, sessions, told } = under(3);
    sessions.answered(at(reads, 1), LATE);
    expect(told).to.deep.equal([]);
    sessions.answered(at(reads, 0), LATE);
    expect(told).to.deep.equal([1, 2]);
    expect(sessions.peerOf({ session: 1, token: 4 })).to.equal(peer());
    sessions.answered(at(reads, 2), LATE);
    expect(told).to.deep.equal([1, 2, 3]);
    expect(sessions.peerOf({ session: 1, token: 4 })).to.equal(undefined);
  });

  it('holds nothing back behind a read that is not asked any more', () => {
    const { reads, sessions, told } = under(2);
    sessions.answered(at(reads, 1), LATE);
    sessions.withdraw(at(reads, 0));
    expect(told).to.deep.equal([2]);
    expect(sessions.peerOf({ session: 1, token: 3 })).to.equal(undefined);
  });

  it('gives back what one member was asked, answered or not, and nothing else', () => {
    const { reads, sessions, told } = under(2);
    sessions.answered(at(reads, 1), LATE);
    expect(sessions.withdrawAll(peer(1))).to.deep.equal([]);
    expect(sessions.withdrawAll(peer())).to.deep.equal(reads);
    expect(sessions.withdrawAll(peer())).to.deep.equal([]);
    expect(told).to.deep.equal([]);
  });
});
