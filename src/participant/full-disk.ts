/**
 * What of a flush is still written when the disk is full.
 *
 * Promises wait for room: PREPARED and PIECE are dropped, and with the first dropped PREPARED every
 * outcome at or above it, which can only be of transactions that a rejoin brought along with it.
 * Everything else is small, was promised room before (YES reserves space for its outcome), and goes
 * to the reserve. Pure; the machine is told what was dropped (`diskFull`).
 */
import type { WalRecord } from '../wal/record.js';

export function keepWhenFull(records: readonly WalRecord[]): WalRecord[] {
  let firstDropped = Infinity;
  for (const record of records) {
    if (record.kind === 'prepared') firstDropped = Math.min(firstDropped, record.txid);
  }
  return records.filter((record) => {
    if (record.kind === 'prepared' || record.kind === 'piece') return false;
    const isOutcome = record.kind === 'commit' || record.kind === 'abort';
    return !isOutcome || record.txid < firstDropped;
  });
}
