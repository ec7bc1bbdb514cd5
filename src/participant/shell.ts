/**
 * Runs the participant machine: feeds it what happens, and carries out what it asks for, in the
 * order that `ready.ts` promises. Depends on ports and the log only; `io/start-participant.ts`
 * composes.
 *
 * What the machine asks for is taken after every single input, because a new segment of the log
 * begins at an exact place between records; syncs and writes to sockets are gathered until the end
 * of the turn. Snapshots on their way from or to the disk are `snapshots.ts`'s.
 * Invariants: the machine is never called from within itself; nothing is sent over a connection
 * that was closed; after `end` the machine gets no input.
 */
import type { Histogram } from '../base/histogram.js';
import type { Clock } from '../ports/clock.js';
import type { AcceptHandler, Network, PeerConnection } from '../ports/network.js';
import type { Trace } from '../ports/trace.js';
import type { Reply, Request } from '../rpc/messages.js';
import { GroupCommit } from '../wal/group-commit.js';
import type { Log } from '../wal/log.js';
import type { Participant } from './machine.js';
import type { LinkId, ParticipantInput, ParticipantReady } from './ready.js';
import { Snapshots, type SnapshotsOptions } from './snapshots.js';

export interface ParticipantShellOptions {
  readonly machine: Participant;
  readonly log: Log;
  readonly clock: Clock;
  readonly network: Network;
  readonly trace: Trace;
  /** Runs the callback soon, when everything that is at hand now was handed in. */
  readonly defer: (callback: () => void) => void;
  /** Resolves after others have had their turn. */
  readonly pause: SnapshotsOptions['pause'];
  /** A snapshot replaces the log when it has grown by either. */
  readonly checkpointAfter: { readonly bytes: number; readonly records: number };
  /** The participant must not go on. Called at most once. */
  readonly onEnd: (reason: string) => void;
}

export class ParticipantShell {
  private readonly commit: GroupCommit;
  private readonly snapshots: Snapshots;
  private readonly links = new Map<LinkId, PeerConnection<Reply>>();
  private donor: PeerConnection<Request> | null = null;
  private isTurnScheduled = false;
  private hasEnded = false;

  constructor(private readonly options: ParticipantShellOptions) {
    const { log, clock, trace, pause, checkpointAfter } = options;
    this.commit = new GroupCommit(log, clock, {
      synced: (lsn) => {
        this.input({ type: 'synced', lsn });
      },
      dropped: (from) => {
        this.input({ type: 'diskFull', from });
      },
      failed: (error) => {
        this.endFor(`the log failed: ${error.message}`);
      },
    });
    this.snapshots = new Snapshots({
      log,
      clock,
      trace,
      pause,
      checkpointAfter,
      input: (input) => {
        this.input(input);
      },
      rolled: () => {
        this.commit.rolled();
        this.schedule();
      },
      onLogFailed: (error) => {
        this.endFor(`the log failed: ${error.message}`);
      },
    });
  }

  get machine(): Participant {
    return this.options.machine;
  }

  get syncMicros(): Histogram {
    return this.commit.syncMicros;
  }

  start(): void {
    this.input({ type: 'tick' });
  }

  /** A peer has dialled us. */
  accept(connection: PeerConnection<Reply>): AcceptHandler {
    const link = connection.id;
    if (this.hasEnded) {
      connection.close();
    } else {
      this.links.set(link, connection);
      this.input({ type: 'linkOpened', link });
    }
    return {
      request: (message) => {
        this.input({ type: 'request', link, message });
      },
      closed: () => {
        this.links.delete(link);
        this.input({ type: 'linkClosed', link });
      },
    };
  }

  /** Makes durable what can be, and lets the folder go. */
  async close(): Promise<void> {
    this.end();
    await this.commit.finish();
    await this.snapshots.stop();
    await this.options.log.close();
  }

  private input(input: ParticipantInput): void {
    if (this.hasEnded) return;
    const { machine, clock } = this.options;
    machine.step(input, clock.now());
    this.drain();
    this.schedule();
  }

  private drain(): void {
    const { machine } = this.options;
    for (let ready = machine.takeReady(); ready !== null; ready = machine.takeReady()) {
      this.carryOut(ready);
    }
  }

  private schedule(): void {
    if (this.isTurnScheduled) return;
    this.isTurnScheduled = true;
    this.options.defer(() => {
      this.isTurnScheduled = false;
      this.endTurn();
    });
  }

  private endTurn(): void {
    if (this.hasEnded) return;
    const { machine, clock, network } = this.options;
    if (this.snapshots.isCheckpointDue(machine.state.stages.bytes)) {
      machine.beginCheckpoint(clock.now());
      this.drain();
    }
    this.commit.advance();
    network.flush();
    const at = Math.min(machine.nextTimeoutAt() ?? Infinity, this.commit.nextFlushAt);
    clock.setAlarm(at === Infinity ? null : at, () => {
      this.input({ type: 'tick' });
    });
  }

  private carryOut(ready: ParticipantReady): void {
    const { machine, clock } = this.options;
    const { adopt, checkpoint } = ready;
    this.commit.append(ready.persist);
    for (const step of ready.install) this.snapshots.install(step);
    if (adopt !== null) this.commit.adopt(adopt);
    for (const { link, message } of ready.send) this.links.get(link)?.send(message);
    for (const link of ready.close) {
      this.links.get(link)?.close();
      this.links.delete(link);
      // The port says nothing of a connection that we close ourselves.
      machine.step({ type: 'linkClosed', link }, clock.now());
    }
    if (ready.closeDonor) this.closeDonor();
    if (ready.dialDonor !== null) this.dialDonor(ready.dialDonor.address);
    for (const message of ready.sendDonor) this.donor?.send(message);
    if (checkpoint !== null) this.snapshots.checkpoint(checkpoint);
    if (ready.urgent) this.commit.hurry();
  }

  private dialDonor(address: string): void {
    this.closeDonor();
    const isCurrent = (): boolean => this.donor === connection;
    const connection = this.options.network.dial(address, {
      opened: () => {
        if (isCurrent()) this.input({ type: 'donorOpened' });
      },
      reply: (message) => {
        if (isCurrent()) this.input({ type: 'donorReply', message });
      },
      closed: (reason) => {
        if (!isCurrent()) return;
        this.donor = null;
        this.input({ type: 'donorClosed', reason });
      },
    });
    this.donor = connection;
  }

  private closeDonor(): void {
    this.donor?.close();
    this.donor = null;
  }

  private endFor(reason: string): void {
    if (this.hasEnded) return;
    this.end();
    this.options.onEnd(reason);
  }

  private end(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.options.clock.setAlarm(null, () => undefined);
    for (const link of this.links.values()) link.close();
    this.links.clear();
    this.closeDonor();
    this.options.network.flush();
  }
}
