/**
 * What of the unsynced records is still written when the disk is full: the rule of `wal/log.ts`,
 * for the simulated log.
 *
 * Promises wait for room: PREPARED and PIECE are dropped, but for the PIECE that voids a stage. A
 * COMMIT whose PREPARED is dropped with it was brought by a rejoin, as was everything behind it:
 * those outcomes go too. All else is small, was promised room before (YES reserves space for its
 * outcome), and goes to the reserve.
 * Pure; the machine is told (`diskFull`).
 */
import type { WalRecord } from '../../src/wal/record.js';

export function keepWhenFull(records: readonly WalRecord[]): WalRecord[] {
  const dropped = new Set<number>();
  let lostACommit = false;
  return records.filter((record) => {
    switch (record.kind) {
      case 'piece':
        return record.total === 0;
      case 'prepared':
        dropped.add(record.txid);
        return false;
      case 'commit':
        lostACommit ||= dropped.has(record.txid);
        return !lostACommit;
      case 'abort':
        return !lostACommit;
      default:
        return true;
    }
  });
}
