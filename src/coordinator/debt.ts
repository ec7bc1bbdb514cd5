/**
 * What a participant owes on its data connection: requests that should be answered soon, and since
 * when nothing came.
 *
 * Catching up takes its time, and some messages are never answered. The outcome of a commit is
 * answered once its record is synced there, which nobody waits for: whoever needs that disk sends
 * something else, which counts. An abort is waited for. Whether a commit has arrived is told by
 * heartbeats, which need no disk; one that has not by then is asked after (`lacks`).
 * Invariant: what is not counted when it is sent is not counted when it is answered.
 */
import type { Millis, TxId } from '../base/ids.js';
import type { Reply, Request } from '../rpc/messages.js';

export class Debt {
  private count = 0;
  private readonly aborts = new Set<TxId>();
  private progressAt: Millis = 0;
  /**
   * Something was asked since its heartbeats began. They may be those of a new process, which knows
   * nothing of an older data connection: that leads nowhere, and nobody notices while nothing is
   * asked there.
   */
  isAsked = true;

  /** The last commit that it was told, while nothing that is answered soon was sent behind it. */
  private toldTxid: TxId = 0;
  private toldAt: Millis = Infinity;

  /** Since when it has owed something and answered nothing. */
  get since(): Millis {
    return this.count === 0 ? Infinity : this.progressAt;
  }

  sent(message: Request, now: Millis): void {
    if (message.type === 'outcome' && message.commit) {
      this.toldTxid = message.txid;
      this.toldAt = now;
    }
    if (!isAnsweredSoon(message)) return;
    this.forgetTold();
    this.isAsked = true;
    if (message.type === 'outcome') this.aborts.add(message.txid);
    if (this.count === 0) this.progressAt = now;
    this.count += 1;
  }

  /** It says that this is resolved, and lacks a commit that it was told by then. */
  lacks(resolved: TxId, toldBy: Millis): boolean {
    if (resolved >= this.toldTxid) this.forgetTold();
    return this.toldAt <= toldBy;
  }

  answered(reply: Reply, now: Millis): void {
    if (reply.type === 'caughtUp') return;
    this.progressAt = now;
    if (reply.type === 'done' && !this.aborts.delete(reply.txid)) return;
    this.count = Math.max(0, this.count - 1);
  }

  /** The connection is gone, and with it whatever was asked there. */
  cancel(): void {
    this.count = 0;
    this.aborts.clear();
    this.forgetTold();
  }

  private forgetTold(): void {
    this.toldTxid = 0;
    this.toldAt = Infinity;
  }
}

function isAnsweredSoon(message: Request): boolean {
  if (message.type === 'outcome') return !message.commit;
  return message.type !== 'catchUp' && message.type !== 'sound' && message.type !== 'unstage';
}
