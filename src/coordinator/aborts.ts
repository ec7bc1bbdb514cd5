/**
 * Aborted transactions, from the moment when their ABORT is on disk here until nobody waits for
 * them any more.
 *
 * Until every member of the installed view has synced an ABORT, somebody who takes over and has
 * nothing but the members may find the transaction prepared by all of them, and commit it. So its
 * commands go by its name until then: no client gets a definite error, a deadline is answered with
 * UNKNOWN and that name, and what was only in the way of another's abort is not batched anew, under
 * a name that says nothing about the first. Nothing else is begun meanwhile: a later command of the
 * same client would pass it.
 * Knows nothing of votes. Invariant: a command is here, in the queue or in one transaction that is
 * under way, never in two of them.
 */
import type { Done } from '../rpc/messages.js';
import type { Batcher } from './batcher.js';
import type { CoordinatorCore } from './core.js';
import type { Membership } from './membership.js';
import type { Peer } from './peer.js';
import type { AbortReason, Transaction } from './transaction.js';

export class Aborts {
  private waiting: Transaction[] = [];

  constructor(
    private readonly core: CoordinatorCore,
    private readonly membership: Membership,
    private readonly batcher: Batcher,
  ) {}

  /** In txid order. */
  get all(): readonly Transaction[] {
    return this.waiting;
  }

  /** The oldest whose commands are to begin anew. */
  get firstRetried(): Transaction | undefined {
    return this.waiting.find(isRetried);
  }

  /** Its ABORT is on disk here. */
  add(tx: Transaction): void {
    this.waiting.push(tx);
    const { counters, fullDisk, now } = this.core;
    if (isRetried(tx)) return;
    if (tx.abort?.code === 'MISCONF') {
      const smallest = Math.min(...tx.writes.map(({ bytes }) => bytes));
      fullDisk.refused(now, counters.commits, smallest);
    }
    if (tx.abort?.code === 'NOREPLICAS') counters.abortsTooFew += 1;
    else counters.abortsRefused += 1;
  }

  onDone({ storeId }: Peer, { epoch, txid }: Done): void {
    const tx = this.waiting.find((candidate) => candidate.txid === txid);
    if (tx?.epoch !== epoch || storeId === null) return;
    tx.done.add(storeId);
    this.finish();
  }

  /** Clients get their errors, and what was in the way begins anew, all of it in its old order. */
  finish(): void {
    const { core, membership } = this;
    if (membership.isChanging) return;
    const members = membership.installed?.members ?? [];
    const isSynced = (tx: Transaction): boolean =>
      members.every(({ storeId }) => tx.done.has(storeId));
    const ended = this.waiting.filter((tx) => !isRetried(tx) && isSynced(tx));
    const retried = this.waiting.filter(isRetried);
    const isReady = retried.every(isSynced);
    this.waiting = this.waiting.filter((tx) => (isRetried(tx) ? !isReady : !ended.includes(tx)));
    for (const { writes, abort } of ended) {
      for (const write of writes) {
        if (write.client !== null) {
          core.fail(write.client, abort?.code ?? 'ERR', abort?.text ?? 'aborted');
        }
        write.client = null;
      }
    }
    if (isReady) this.batcher.putBack(retried.flatMap(({ writes }) => writes));
  }

  /** Nobody waits any more for those whose clients were told UNKNOWN. */
  forgetAnswered(): void {
    this.waiting = this.waiting.filter((tx) => tx.writes.some(({ client }) => client !== null));
  }
}

function isRetried({ abort }: Transaction): boolean {
  return abort?.retry === true;
}

export function tooFew(members: number, wanted: number): AbortReason {
  const text = `Not enough good replicas to write. ${members} of at least ${wanted} participants are there.`;
  return { code: 'NOREPLICAS', text, retry: false };
}

export const DISK_FULL = 'disk full';

/** Of each member its reason; an operator can do most about a full disk. */
export function unanimousNo(reasons: readonly string[]): AbortReason {
  const reason = reasons.includes(DISK_FULL) ? DISK_FULL : (reasons[0] ?? '');
  if (reason === 'memory') {
    const text = "command not allowed when used memory > 'maxmemory'.";
    return { code: 'OOM', text, retry: false };
  }
  const text = `not executed: every participant refused: ${reason}`;
  return { code: reason === DISK_FULL ? 'MISCONF' : 'ERR', text, retry: false };
}
