/**
 * The receiving side of a rejoin: pulls what is missing from one donor, by delta where the pasts
 * agree, else by a snapshot that replaces everything held here.
 *
 * One attempt at a time, started by the coordinator's `catchUp` and answered by `caughtUp` once all
 * of it is synced. An attempt dies with its donor, its coordinator's link, or a new epoch; half a
 * snapshot is discarded then, and frames of two snapshots never meet. Knows nothing of views: being
 * admitted is the coordinator's decision.
 * Invariant: what was in doubt here is void before the first transaction of a donor is taken.
 */
import type { Prng } from '../base/prng.js';
import type { Lsn } from '../base/sync-gate.js';
import { sameSecret } from '../base/hash.js';
import { FRAME_WINDOW } from '../base/limits.js';
import { type Epoch, type Millis, sameEpoch } from '../base/ids.js';
import {
  type CatchUp,
  type CaughtUp,
  type Delta,
  type DeltaEntry,
  type Frames,
  type Reply,
  type Welcome,
  PROTOCOL_VERSION,
} from '../rpc/messages.js';
import { proof, proofText } from '../rpc/proof.js';
import { SnapshotLoader } from '../storage/snapshot.js';
import type { ParticipantCore } from './core.js';
import { DonatedPayload } from './donated-payload.js';
import type { Link } from './links.js';

interface Attempt {
  readonly number: number;
  readonly link: number;
  readonly epoch: Epoch;
  readonly nonce: string;
  readonly donorStoreId: string;
  /** Ask for a snapshot first: a delta would keep what is wrong. */
  fresh: boolean;
  how: CaughtUp['how'];
  readonly donated: DonatedPayload;
  install: Install | null;
  lastProgressAt: Millis;
}

interface Install {
  readonly number: number;
  readonly loader: SnapshotLoader;
  snapshotId: string;
  requested: number;
  received: number;
  stored: number;
  complete: boolean;
  /** It goes to its end, whatever becomes of the attempt. */
  finishing: boolean;
}

export class CatchUps {
  private attempt: Attempt | null = null;
  private installs = 0;
  /** First record of a delta that may not be on disk yet; 0: none. */
  private unsyncedFrom: Lsn = 0;

  constructor(
    private readonly core: ParticipantCore,
    private readonly prng: Prng,
  ) {}

  get isUnderWay(): boolean {
    return this.attempt !== null;
  }

  onCatchUp(link: Link, message: CatchUp): void {
    const { core } = this;
    this.cancel('a newer attempt began');
    if (link.epoch === null) return;
    const { state } = core;
    if (state.inDoubt.length > 0) {
      core.persist({ kind: 'void', txid: state.resolved.txid + 1 }, false);
      state.voidInDoubt();
    }
    core.dropStages();
    core.refusedTxid = 0;
    this.attempt = {
      number: message.attempt,
      link: link.id,
      epoch: link.epoch,
      nonce: this.prng.hex(32),
      donorStoreId: message.donorStoreId,
      fresh: message.fresh || !state.fit || state.installing || state.overridden,
      how: 'none',
      donated: new DonatedPayload(),
      install: null,
      lastProgressAt: core.now,
    };
    core.dialDonor(message.donorAddress, message.donorStoreId);
  }

  onDonorOpened(): void {
    const { core, attempt } = this;
    if (attempt === null) return;
    core.sendDonor({
      type: 'hello',
      version: PROTOCOL_VERSION,
      purpose: 'catchup',
      clusterId: core.clusterId,
      storeId: core.storeId,
      dialled: '',
      coordinator: core.settings.coordinatorAddress,
      nonce: attempt.nonce,
    });
  }

  onDonorReply(message: Reply): void {
    const { attempt } = this;
    if (attempt === null) return;
    attempt.lastProgressAt = this.core.now;
    switch (message.type) {
      case 'welcome':
        this.onWelcome(attempt, message);
        return;
      case 'proved':
        if (attempt.fresh) this.core.sendDonor({ type: 'fetchSnapshot', epoch: attempt.epoch });
        else this.fetch(attempt);
        return;
      case 'delta':
        this.onDelta(attempt, message);
        return;
      case 'snapshot':
        if (message.id === '') this.fail(message.reason);
        else this.beginInstall(attempt, message.id);
        return;
      case 'frames':
        this.onFrames(attempt, message);
        return;
      case 'refused':
        this.fail(message.text);
        return;
      default:
        this.fail(`the donor answered ${message.type}`);
    }
  }

  onDonorClosed(reason: string): void {
    if (this.attempt !== null) this.fail(`the connection to the donor was lost: ${reason}`);
  }

  /** The coordinator that asked is gone, or another one took over. */
  onLinkClosed(link: number): void {
    if (this.attempt?.link === link) this.cancel('the coordinator went away');
  }

  onSynced(lsn: Lsn): void {
    if (this.unsyncedFrom !== 0 && lsn >= this.core.gate.appended) this.unsyncedFrom = 0;
  }

  /**
   * Records of a delta were dropped: memory is ahead of the disk, so this store counts as nothing.
   */
  onDiskFull(): void {
    if (this.unsyncedFrom === 0) return;
    this.unsyncedFrom = 0;
    this.core.state.installing = true;
    this.fail('the disk is full');
  }

  get timeoutAt(): Millis | null {
    if (this.attempt === null) return null;
    return this.attempt.lastProgressAt + this.core.settings.donorTimeoutMs;
  }

  onTick(): void {
    const { timeoutAt } = this;
    if (timeoutAt !== null && this.core.now >= timeoutAt) this.fail('the donor fell silent');
  }

  private onWelcome(attempt: Attempt, welcome: Welcome): void {
    const { clusterSecret } = this.core.settings;
    const theirs = proof(clusterSecret, proofText('answering', attempt.nonce, welcome.nonce));
    if (!sameSecret(theirs, welcome.mac) || welcome.storeId !== attempt.donorStoreId) {
      this.fail('the donor is not who it should be');
      return;
    }
    const mac = proof(clusterSecret, proofText('asking', attempt.nonce, welcome.nonce));
    this.core.sendDonor({ type: 'prove', mac });
  }

  private fetch(attempt: Attempt): void {
    const { epoch } = attempt;
    const position = this.core.state.resolved;
    const offset = attempt.donated.have;
    this.core.sendDonor({ type: 'fetch', epoch, position, offset });
  }

  private onDelta(attempt: Attempt, delta: Delta): void {
    const { core } = this;
    if (!sameEpoch(core.state.epoch, attempt.epoch)) {
      this.cancel('another coordinator took over');
      return;
    }
    if (delta.verdict === 'epoch') {
      this.fail('the donor follows another epoch or is not a member');
      return;
    }
    if (delta.verdict === 'snapshot') {
      if (core.state.resolved.txid > 0) {
        core.trace.event('warn', 'no common history with the donor: asking for a snapshot');
      }
      core.sendDonor({ type: 'fetchSnapshot', epoch: attempt.epoch });
      return;
    }
    for (const entry of delta.entries) {
      if (!this.take(attempt, entry)) return;
    }
    if (delta.entries.length > 0 && attempt.how === 'none') attempt.how = 'delta';
    if (attempt.donated.have === 0 && core.state.resolved.txid >= delta.position.txid) {
      this.succeed(attempt);
    } else {
      this.fetch(attempt);
    }
  }

  /** False when the entry cannot be used and the attempt has failed. */
  private take(attempt: Attempt, entry: DeltaEntry): boolean {
    const { core } = this;
    const { state } = core;
    const { epoch, txid, length, crc } = entry;
    if (txid !== state.resolved.txid + 1) {
      this.fail(`the donor sent transaction ${txid} after ${state.resolved.txid}`);
      return false;
    }
    if (!entry.commit) {
      core.persist({ kind: 'abort', epoch, txid }, false);
      state.abort(epoch, txid);
      return true;
    }
    const donated = attempt.donated.take(entry);
    if (donated === null) return true;
    if (typeof donated === 'string') {
      this.fail(donated);
      return false;
    }
    const { payload, facts } = donated;
    const view = state.view?.number ?? 0;
    if (this.unsyncedFrom === 0) this.unsyncedFrom = core.gate.appended + 1;
    const kind = 'prepared' as const;
    const record = { kind, epoch, txid, view, payload, stage: '', length, crc };
    core.persist(record, false);
    state.prepare({ record, lsn: core.gate.appended, payload, facts });
    core.persist({ kind: 'commit', epoch, txid }, false);
    state.commit(epoch, txid);
    return true;
  }

  private beginInstall(attempt: Attempt, snapshotId: string): void {
    this.installs += 1;
    attempt.how = 'snapshot';
    attempt.donated.clear();
    attempt.install = {
      number: this.installs,
      loader: new SnapshotLoader(),
      snapshotId,
      requested: 0,
      received: 0,
      stored: 0,
      complete: false,
      finishing: false,
    };
    this.core.install({ step: 'begin', install: this.installs });
    this.requestFrames(attempt.install);
  }

  private requestFrames(install: Install): void {
    while (!install.complete && install.requested - install.stored < FRAME_WINDOW) {
      const sequence = install.requested;
      install.requested += 1;
      this.core.sendDonor({ type: 'fetchFrames', id: install.snapshotId, sequence });
    }
  }

  private onFrames(attempt: Attempt, message: Frames): void {
    const { install } = attempt;
    if (install === null || install.complete) return; // Asked ahead, beyond the end.
    if (install.snapshotId !== message.id || message.sequence !== install.received) {
      this.fail('snapshot frames are out of order');
      return;
    }
    try {
      for (const frame of message.frames) install.loader.feed(frame);
      if (message.last) install.loader.finish();
    } catch (error) {
      this.fail(`the snapshot is damaged: ${error instanceof Error ? error.message : 'unknown'}`);
      return;
    }
    install.received += 1;
    install.complete = message.last;
    this.core.install({ step: 'frames', install: install.number, frames: message.frames });
  }

  onFramesStored(number: number): void {
    const install = this.attempt?.install;
    if (install?.number !== number) return;
    install.stored += 1;
    if (install.complete && install.stored === install.received) this.finishInstall(install);
    else this.requestFrames(install);
  }

  private finishInstall(install: Install): void {
    const { core } = this;
    const { header } = install.loader;
    const { txid, epoch, chain } = header;
    install.finishing = true;
    core.state.installing = true;
    core.state.voidInDoubt();
    // What the old log may have lacked is no matter of a snapshot that is whole.
    const rest = core.preamble().filter(({ kind }) => kind !== 'tail');
    const preamble = [{ kind: 'reset' as const, txid, epoch, chain }, ...rest];
    core.install({ step: 'finish', install: install.number, preamble });
  }

  onInstalled(number: number): void {
    const { core, attempt } = this;
    const install = attempt?.install;
    if (attempt === null || install?.number !== number) return;
    core.state.restore(install.loader.header, install.loader.table);
    // Durable before any view is: a member must not count as nothing at its next start.
    const { clusterId, generation } = core;
    if (core.state.overridden) core.adopt({ clusterId, generation, overridden: false });
    core.syncedTxid = core.state.resolved.txid;
    core.counters.installs += 1;
    core.trace.event('info', 'snapshot installed', { keys: core.state.table.size });
    attempt.install = null;
    this.fetch(attempt);
  }

  onInstallFailed(number: number, reason: string): void {
    if (this.attempt?.install?.number === number) this.fail(reason);
  }

  private succeed(attempt: Attempt): void {
    const { core } = this;
    this.attempt = null;
    core.closeDonor();
    const { txid } = core.state.resolved;
    core.whenSynced(() => {
      if (core.state.installing) {
        this.answer(attempt, false, 'the disk is full');
        return;
      }
      // Another attempt may have put an older store in the place of this one.
      core.syncedTxid = Math.min(txid, core.state.resolved.txid);
      this.answer(attempt, true, '');
    });
  }

  private fail(reason: string): void {
    const { attempt } = this;
    this.cancel(reason);
    if (attempt !== null) this.answer(attempt, false, reason);
  }

  private cancel(reason: string): void {
    const { core, attempt } = this;
    if (attempt === null) return;
    this.attempt = null;
    core.closeDonor();
    if (attempt.install?.finishing === false) {
      core.install({ step: 'discard', install: attempt.install.number });
    }
    core.trace.event('info', `catching up stopped: ${reason}`, { attempt: attempt.number });
  }

  private answer(attempt: Attempt, ok: boolean, reason: string): void {
    const { core } = this;
    core.send(attempt.link, {
      type: 'caughtUp',
      attempt: attempt.number,
      ok,
      reason,
      position: core.state.resolved,
      digest: core.state.table.digest(),
      how: attempt.how,
    });
  }
}
