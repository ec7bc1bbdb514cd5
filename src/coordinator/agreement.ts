/**
 * Compares what the members say of their state at the same txid: chain and digest must be equal.
 *
 * A difference means that a replica computed something else or that its memory changed. A strict
 * majority outvotes a minority, which is removed and refilled; without one nobody can say who is
 * right, and the only honest thing is to stop. Knows nothing of views beyond who is asked.
 */
import type { Position, StoreId, TxId } from '../base/ids.js';

/** Positions that are remembered for comparison; members are never further apart than this. */
const REMEMBERED = 256;

export type Verdict =
  | { readonly kind: 'agree' }
  | { readonly kind: 'outvoted'; readonly txid: TxId; readonly minority: readonly StoreId[] }
  | { readonly kind: 'split'; readonly txid: TxId };

export class Agreement {
  private readonly byTxid = new Map<TxId, Map<StoreId, string>>();

  /**
   * Called with every answer that tells a member's state; `members` are those whose word counts.
   */
  observe(
    storeId: StoreId,
    position: Position,
    digest: string,
    members: readonly StoreId[],
  ): Verdict {
    let known = this.byTxid.get(position.txid);
    if (known === undefined) {
      known = new Map();
      this.byTxid.set(position.txid, known);
      this.forgetOldest();
    }
    known.set(storeId, `${position.chain} ${digest}`);
    return judge(position.txid, known, members);
  }

  /** What is known of these members at this txid: null until all have spoken. */
  commonState(txid: TxId, members: readonly StoreId[]): string | null {
    const known = this.byTxid.get(txid);
    const states = new Set(members.map((storeId) => known?.get(storeId)));
    const [state] = states;
    return states.size === 1 && state !== undefined ? state : null;
  }

  /** A removed member's word counts no more, nor after it was refilled. */
  forget(storeId: StoreId): void {
    for (const known of this.byTxid.values()) known.delete(storeId);
  }

  private forgetOldest(): void {
    if (this.byTxid.size <= REMEMBERED) return;
    const [oldest] = this.byTxid.keys();
    if (oldest !== undefined) this.byTxid.delete(oldest);
  }
}

function judge(
  txid: TxId,
  known: ReadonlyMap<StoreId, string>,
  members: readonly StoreId[],
): Verdict {
  const votes = new Map<string, StoreId[]>();
  for (const storeId of members) {
    const state = known.get(storeId);
    if (state === undefined) continue;
    votes.set(state, [...(votes.get(state) ?? []), storeId]);
  }
  if (votes.size <= 1) return { kind: 'agree' };
  for (const [state, holders] of votes) {
    if (holders.length * 2 <= members.length) continue;
    const minority = members.filter((storeId) => {
      const said = known.get(storeId);
      return said !== undefined && said !== state;
    });
    return { kind: 'outvoted', txid, minority };
  }
  const spoken = [...votes.values()].reduce((sum, holders) => sum + holders.length, 0);
  return spoken === members.length ? { kind: 'split', txid } : { kind: 'agree' };
}
