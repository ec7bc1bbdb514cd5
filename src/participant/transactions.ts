/**
 * The participant's half of two-phase commit: PREPARE, outcomes, staged payloads, views.
 *
 * Rules (docs/PROTOCOL.md): a vote leaves only after its PREPARED record is synced; YES means that
 * apply cannot fail (commands decoded, memory reserved); what is prepared is never decided here;
 * a NO is sticky until the ABORT of that transaction is logged; a gap is answered `need`, never NO;
 * a transaction is named by the epoch of its PREPARE and its txid.
 */
import { crc32 } from '../base/hash.js';
import { type TxId, isMember, isNewerView } from '../base/ids.js';
import type { Lsn } from '../base/sync-gate.js';
import type { InstallView, Outcome, Piece, Prepare, Unstage, Vote } from '../rpc/messages.js';
import { lookThrough } from '../storage/apply.js';
import { CommandFormatError } from '../storage/commands.js';
import type { PreparedRecord } from '../wal/record.js';
import type { ParticipantCore } from './core.js';
import type { Link } from './links.js';
import type { LinkId } from './ready.js';

export class Transactions {
  constructor(private readonly core: ParticipantCore) {}

  onView(link: Link, message: InstallView): void {
    const { core } = this;
    const { view } = message;
    if (isNewerView(view, core.state.view)) {
      core.state.view = view;
      core.persist({ kind: 'view', view }, true);
      core.trace.event('info', 'view installed', {
        view: view.number,
        members: view.members.map((member) => member.address).join(' '),
      });
    }
    const { number, epoch } = core.state.view ?? view;
    core.whenSynced(() => {
      core.send(link.id, { type: 'viewed', number, epoch });
    });
  }

  onPrepare(link: Link, message: Prepare): void {
    const { core } = this;
    const { state } = core;
    if (message.txid <= state.resolved.txid) {
      this.vote(link.id, message, 'no', 'ended');
      return;
    }
    const held = state.inDoubt[message.txid - state.resolved.txid - 1];
    if (held !== undefined && held.record.epoch === message.epoch) {
      this.voteWhenSynced(link.id, message); // A repetition: the promise stands.
      return;
    }
    if (message.view !== state.view?.number || !isMember(state.view, core.storeId)) {
      this.vote(link.id, message, 'need', 'another view');
      return;
    }
    if (core.refusedTxid !== 0 && message.txid >= core.refusedTxid) {
      core.dropStage(message.stage);
      const isThis = message.txid === core.refusedTxid;
      this.vote(link.id, message, 'no', isThis ? core.refusedBecause : 'sticky');
      return;
    }
    if (message.txid !== state.lastPrepared + 1) {
      this.vote(link.id, message, 'need', `transaction ${state.lastPrepared + 1} is missing`);
      return;
    }
    this.accept(link, message);
  }

  private accept(link: Link, message: Prepare): void {
    const { core } = this;
    const payload = this.payloadOf(message);
    if (payload === null) {
      this.refusePrepare(link.id, message, 'the staged payload is not whole');
      return;
    }
    const refusal = this.lacksRoom(message.stage === '' ? message.length : 0);
    if (refusal !== '') {
      this.refusePrepare(link.id, message, refusal);
      return;
    }
    let facts;
    try {
      facts = lookThrough(payload);
    } catch (error) {
      if (!(error instanceof CommandFormatError)) throw error;
      this.refusePrepare(link.id, message, error.message);
      return;
    }
    const { epoch, txid, view, stage, length, crc } = message;
    const inline = stage === '' ? payload : Buffer.alloc(0);
    const record: PreparedRecord = {
      kind: 'prepared',
      epoch,
      txid,
      view,
      payload: inline,
      stage,
      length,
      crc,
    };
    core.persist(record, true);
    core.state.prepare({ record, lsn: core.gate.appended, payload, facts });
    core.trace.point('participant-prepared');
    this.voteWhenSynced(link.id, message);
  }

  /** The disk had no room for promises from this record on: they are taken back and refused. */
  onDiskFull(from: Lsn): void {
    const { core } = this;
    const { state } = core;
    const kept = state.inDoubt.findIndex(({ lsn }) => lsn >= from);
    if (kept >= 0) {
      const lost = state.inDoubt.splice(kept);
      // What was refused before, if anything, is behind it. A later epoch may well find room.
      const refused = lost.find(({ record }) => record.epoch === state.epoch.number);
      if (refused !== undefined) this.stickTo(refused.record.txid, 'disk full');
      const txid = state.lastPrepared + 1;
      core.trace.event('warn', 'disk full: refused transactions', { txid, count: lost.length });
    }
    // They may have lost pieces, so they start over, also after a restart.
    core.dropStages();
  }

  onOutcome(link: Link, message: Outcome): void {
    const { core } = this;
    const { state } = core;
    const { epoch, txid, commit } = message;
    if (txid <= state.resolved.txid) {
      this.doneAgain(link, message);
      return;
    }
    const head = state.inDoubt[0];
    const isAnother = head === undefined ? commit : head.record.epoch !== epoch;
    if (txid !== state.resolved.txid + 1 || isAnother) {
      const text = `outcome of ${epoch}:${txid} does not follow ${state.resolved.txid}`;
      core.refuse(link.id, 'protocol', text);
      return;
    }
    const lsn = head?.lsn ?? 0;
    if (!commit) this.abort(link, epoch, txid);
    else if (lsn <= core.gate.synced) this.commit(link, epoch, txid);
    else core.refuse(link.id, 'protocol', `this participant has not voted on ${epoch}:${txid}`);
  }

  /**
   * Of a transaction whose clients have their answers already, `done` can wait for the flush that
   * makes the COMMIT durable: mostly it then shares a write with the next vote.
   */
  private commit(link: Link, epoch: number, txid: number): void {
    const { core } = this;
    const isAwaited = core.state.inDoubt[0]?.facts.deletes === true;
    core.persist({ kind: 'commit', epoch, txid }, false);
    core.trace.point('participant-commit');
    const results = core.state.commit(epoch, txid);
    core.counters.commits += 1;
    core.gate.whenSynced(() => {
      core.syncedTxid = Math.max(core.syncedTxid, txid);
      if (!isAwaited) this.done(link.id, epoch, txid, results);
    });
    if (isAwaited) this.done(link.id, epoch, txid, results);
  }

  private abort(link: Link, epoch: number, txid: number): void {
    const { core } = this;
    core.persist({ kind: 'abort', epoch, txid }, true);
    core.state.abort(epoch, txid);
    core.counters.aborts += 1;
    if (core.refusedTxid !== 0 && txid >= core.refusedTxid) core.refusedTxid = 0;
    core.gate.whenSynced(() => {
      core.syncedTxid = Math.max(core.syncedTxid, txid);
      this.done(link.id, epoch, txid, []);
    });
  }

  /**
   * Its outcome is known already; when an abort is asked again, the answer still waits for the
   * disk.
   */
  private doneAgain(link: Link, message: Outcome): void {
    const { core } = this;
    const { epoch, txid, commit } = message;
    const entry = core.state.aborted.find((aborted) => aborted.txid === txid);
    if (commit === (entry !== undefined)) {
      core.refuse(
        link.id,
        'protocol',
        `transaction ${txid} ended here as ${commit ? 'aborted' : 'committed'}`,
      );
      return;
    }
    core.whenSynced(() => {
      core.syncedTxid = Math.max(core.syncedTxid, txid);
      this.done(link.id, epoch, txid, []);
    });
  }

  onPiece(link: Link, message: Piece): void {
    const { core } = this;
    const { stages } = core.state;
    let stage = stages.get(message.stage);
    if (stage === undefined) {
      const refusal = this.lacksRoom(message.total);
      if (refusal !== '') {
        core.send(link.id, { type: 'pieced', stage: message.stage, have: 0, refusal });
        return;
      }
      stage = stages.begin(message.stage, message.total);
    }
    const { name } = stage;
    const total = stage.payload.length;
    if (stages.add(stage, message.offset, message.bytes)) {
      const { offset, bytes } = message;
      core.persist({ kind: 'piece', stage: name, offset, total, bytes }, true);
    }
    const { have } = stage;
    core.gate.whenSynced(() => {
      // It may have begun anew since, with a piece that was on its way.
      const refusal = stages.get(name) === stage ? '' : 'disk full';
      core.send(link.id, { type: 'pieced', stage: name, have, refusal });
    });
  }

  onUnstage(message: Unstage): void {
    this.core.dropStage(message.stage);
  }

  /** Bytes of everything that is prepared or staged: reserved until its outcome is known. */
  private reservedBytes(): number {
    let bytes = this.core.state.stages.bytes;
    for (const { record } of this.core.state.inDoubt)
      if (record.stage === '') bytes += record.length;
    return bytes;
  }

  private lacksRoom(bytes: number): string {
    const { state, settings } = this.core;
    if (!state.fit) return 'the store was found damaged';
    const total = state.table.bytes + this.reservedBytes() + bytes;
    return bytes > 0 && total > settings.maxMemoryBytes ? 'memory' : '';
  }

  private payloadOf(message: Prepare): Buffer | null {
    if (message.stage !== '') {
      const stage = this.core.state.stages.get(message.stage);
      if (stage?.have !== message.length || stage.crc !== message.crc) return null;
      return stage.payload;
    }
    const [only] = message.payload;
    const payload = message.payload.length === 1 && only ? only : Buffer.concat(message.payload);
    return payload.length === message.length && crc32(payload) === message.crc ? payload : null;
  }

  private refusePrepare(link: LinkId, message: Prepare, reason: string): void {
    const { core } = this;
    this.stickTo(message.txid, reason);
    core.dropStage(message.stage); // Nobody prepares it again: its client must send it anew.
    core.counters.refusedPrepares += 1;
    core.trace.event('warn', 'voted NO', { txid: message.txid, reason });
    this.vote(link, message, 'no', reason);
  }

  private stickTo(txid: TxId, reason: string): void {
    this.core.refusedTxid = txid;
    this.core.refusedBecause = reason;
  }

  private voteWhenSynced(link: LinkId, message: Prepare): void {
    const { core } = this;
    core.whenSynced(() => {
      const held = core.state.inDoubt[message.txid - core.state.resolved.txid - 1];
      const refused = core.refusedTxid !== 0 && message.txid >= core.refusedTxid;
      if (refused) this.vote(link, message, 'no', 'disk full');
      else if (held?.record.epoch !== message.epoch) this.vote(link, message, 'no', 'ended');
      // Else it was prepared anew, and the newer record has a vote of its own.
      else if (held.lsn <= core.gate.synced) this.vote(link, message, 'yes', '');
      core.trace.point('participant-voted');
    });
  }

  private vote(link: LinkId, message: Prepare, vote: Vote['vote'], reason: string): void {
    const { epoch, txid } = message;
    this.core.send(link, { type: 'vote', epoch, txid, vote, reason });
  }

  private done(link: LinkId, epoch: number, txid: number, results: readonly number[]): void {
    const { core } = this;
    const { table, resolved } = core.state;
    core.send(link, {
      type: 'done',
      epoch,
      txid,
      results,
      position: resolved,
      digest: table.digest(),
      synced: core.syncedTxid,
      bytes: table.bytes,
      keys: table.size,
    });
  }
}
