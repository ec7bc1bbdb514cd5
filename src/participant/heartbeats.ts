/**
 * Answers heartbeats at once, without waiting for the disk: they tell that this process lives and
 * how far it is, and they remember when a coordinator was last heard, so that one that is started
 * by mistake can be told of the one that lives.
 */
import { sameEpoch, viewIn } from '../base/ids.js';
import type { Ping } from '../rpc/messages.js';
import type { ParticipantCore } from './core.js';
import type { Link } from './links.js';

export class Heartbeats {
  private progress = 0;

  constructor(private readonly core: ParticipantCore) {}

  onPing(link: Link, message: Ping): void {
    const { core } = this;
    const { state } = core;
    if (state.epoch.number > 0 && sameEpoch(message.epoch, state.epoch)) {
      core.heardAt = core.now;
      core.heardEpoch = message.epoch;
    }
    this.progress += 1;
    core.send(link.id, {
      type: 'pong',
      sequence: message.sequence,
      epoch: state.epoch,
      generation: core.generation,
      viewNumber: viewIn(core.generation, state.view)?.number ?? 0,
      position: state.resolved,
      digest: state.table.digest(),
      synced: core.syncedTxid,
      fit: state.fit,
      bytes: state.table.bytes,
      keys: state.table.size,
      progress: this.progress,
    });
  }

  /** The coordinator has compared our state with the others': a torn tail no longer matters. */
  onSound(): void {
    const { core } = this;
    if (core.state.tailFrom === 0) return;
    core.state.tailFrom = 0;
    core.persist({ kind: 'sound', txid: core.state.resolved.txid }, false);
  }
}
