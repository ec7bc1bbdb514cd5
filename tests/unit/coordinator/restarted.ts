/**
 * A coordinator that starts again, and participants that hold what it or another one left there.
 */
import type { WalRecord } from '../../../src/wal/record.js';
import { CoordinatorDriver, type DriverOptions, type Part } from './coordinator-driver.js';
import { epoch, holding, view } from './statuses.js';

export const CLUSTER = 'c'.repeat(32);

/** The log of a coordinator that ran as epoch 1 and committed these transactions. */
export function logged(commits: number, ...names: string[]): WalRecord[] {
  const log: WalRecord[] = [
    { kind: 'epoch', epoch: epoch(1) },
    { kind: 'view', view: view(1, ...names) },
  ];
  for (let txid = 1; txid <= commits; txid += 1) log.push({ kind: 'commit', epoch: 1, txid });
  return log;
}

/** A member of view 1 that holds this; see `holding`. */
export function holds(part: Part, words: string, changes: object = {}): void {
  const facts = { epoch: epoch(1), view: view(1, 'a', 'b', 'c'), clusterId: CLUSTER };
  part.status = holding(part.name, words, { ...facts, ...changes });
}

export function restarted(
  words: readonly string[],
  options: DriverOptions = {},
): CoordinatorDriver {
  const driver = new CoordinatorDriver({ clusterId: CLUSTER, ...options });
  driver.parts.forEach((part, index) => {
    holds(part, words[index] ?? '');
  });
  return driver;
}

export const condition = (driver: CoordinatorDriver): string => driver.machine.core.condition;
