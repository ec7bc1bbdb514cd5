/**
 * Runs the coordinator machine: feeds it what happens, and carries out what it asks for, in the
 * order that `ready.ts` promises. Depends on ports and the log only; `io/start-coordinator.ts`
 * composes.
 *
 * Everything that arrives in one turn of the event loop is handed to the machine first and drained
 * once at its end, so that the commands of a turn share a transaction, a sync and a write a peer.
 * Invariants: the machine is never called from within itself; after `end` it gets no input, so
 * whoever was not answered by then was answered in that very drain.
 */
import { assert } from '../base/assert.js';
import type { Histogram } from '../base/histogram.js';
import type { Millis } from '../base/ids.js';
import type { StoreReply, StoreRequest } from '../base/store-request.js';
import type { Clock } from '../ports/clock.js';
import type { Network, PeerConnection } from '../ports/network.js';
import type { Trace } from '../ports/trace.js';
import type { Request } from '../rpc/messages.js';
import { GroupCommit } from '../wal/group-commit.js';
import type { Log } from '../wal/log.js';
import type { WalRecord } from '../wal/record.js';
import { refreshPeerStates } from './info.js';
import type { Coordinator } from './machine.js';
import type { ClientRef, CoordinatorInput, CoordinatorReady, DialId } from './ready.js';

/** After a segment could not be begun for want of room. */
const CHECKPOINT_RETRY_MS: Millis = 10_000;

/** Turns of the event loop that a patient message waits for company, while each brings input. */
const MAX_HELD_TURNS = 16;

export interface CoordinatorShellOptions {
  readonly machine: Coordinator;
  readonly log: Log;
  readonly clock: Clock;
  readonly network: Network;
  readonly trace: Trace;
  /** Runs the callback at the end of the present turn of the event loop. */
  readonly defer: (callback: () => void) => void;
  /** The log is replaced by its essence when it has grown by either. */
  readonly checkpointAfter: { readonly bytes: number; readonly records: number };
  readonly onReply: (client: ClientRef, reply: StoreReply) => void;
  /** Called once, when recovery is over. */
  readonly onServing: () => void;
  /** The coordinator must not go on; everybody has been answered. Called at most once. */
  readonly onEnd: (reason: string) => void;
}

export class CoordinatorShell {
  private readonly commit: GroupCommit;
  private readonly connections = new Map<DialId, PeerConnection<Request>>();
  private isTurnScheduled = false;
  /** Since the last turn. */
  private inputs = 0;
  /** Turns since something patient was first held. */
  private heldTurns = 0;
  private isServing = false;
  private checkpointing: Promise<void> | null = null;
  private checkpointRetryAt: Millis = 0;
  /** The log when its newest base was made: what it has grown by since is what counts. */
  private base = { bytes: 0, records: 0 };
  private hasEnded = false;

  constructor(private readonly options: CoordinatorShellOptions) {
    const { log, clock } = options;
    this.commit = new GroupCommit(log, clock, {
      synced: (lsn) => {
        this.input({ type: 'synced', lsn });
      },
      dropped: () => {
        assert(false, 'a coordinator logs nothing that a full disk drops');
      },
      failed: (error) => {
        this.onLogFailed(error);
      },
    });
  }

  get machine(): Coordinator {
    return this.options.machine;
  }

  get syncMicros(): Histogram {
    return this.commit.syncMicros;
  }

  start(): void {
    this.input({ type: 'tick' });
  }

  /** `waitedMs`: since it arrived. */
  request(client: ClientRef, request: StoreRequest, waitedMs: Millis = 0): void {
    if (this.hasEnded) {
      const text = this.machine.core.condition;
      this.options.onReply(client, { type: 'error', code: 'TRYAGAIN', text });
      return;
    }
    this.input({ type: 'client', client, request, waitedMs });
  }

  /** Answers everybody who still waits; nothing is accepted from now on. */
  shutdown(): void {
    if (this.hasEnded) return;
    this.input({ type: 'shutdown' });
    this.turn();
    this.end();
  }

  /** Makes durable what can be, and lets the folder go. */
  async close(): Promise<void> {
    this.end();
    await this.commit.finish();
    await this.checkpointing;
    await this.options.log.close();
  }

  private input(input: CoordinatorInput): void {
    if (this.hasEnded) return;
    const { machine, clock } = this.options;
    machine.step(input, clock.now());
    this.inputs += 1;
    this.schedule();
  }

  private schedule(): void {
    if (this.isTurnScheduled) return;
    this.isTurnScheduled = true;
    this.options.defer(() => {
      this.isTurnScheduled = false;
      this.turn();
    });
  }

  private turn(): void {
    if (this.hasEnded) return;
    this.drain();
    this.checkpointIfDue();
    this.commit.advance();
    this.options.network.flush();
    this.letHeldGo();
    this.noteServing();
    this.setAlarm();
  }

  /**
   * A COMMIT that nobody waits for shares a message, and a wakeup of its reader, with the next
   * PREPARE or read, if that comes before a round of input brings nothing.
   */
  private letHeldGo(): void {
    const { network } = this.options;
    const isLull = this.inputs === 0;
    this.inputs = 0;
    this.heldTurns = network.isHolding ? this.heldTurns + 1 : 0;
    if (this.heldTurns === 0) return;
    if (isLull || this.heldTurns > MAX_HELD_TURNS) network.flushHeld();
    else this.schedule();
  }

  private drain(): void {
    const { machine } = this.options;
    for (let ready = machine.takeReady(); ready !== null; ready = machine.takeReady()) {
      this.carryOut(ready);
      if (this.hasEnded) return;
      if (ready.again) {
        this.schedule();
        return;
      }
    }
  }

  private carryOut(ready: CoordinatorReady): void {
    const { adopt } = ready;
    if (adopt !== null) this.commit.adopt({ ...adopt, overridden: false });
    this.commit.append(ready.persist);
    for (const { dial, message, isPatient } of ready.send) {
      this.connections.get(dial)?.send(message, isPatient);
    }
    for (const { client, reply } of ready.reply) this.options.onReply(client, reply);
    for (const { dial, address } of ready.dial) this.dial(dial, address);
    for (const dial of ready.close) this.hangUp(dial);
    if (ready.checkpoint !== null) this.roll(ready.checkpoint);
    if (ready.urgent) this.commit.hurry();
    if (ready.exit !== null) this.endFor(ready.exit);
  }

  private dial(dial: DialId, address: string): void {
    const connection = this.options.network.dial(address, {
      opened: () => {
        this.input({ type: 'dialOpened', dial });
      },
      reply: (message) => {
        this.input({ type: 'dialReply', dial, message });
      },
      closed: (reason) => {
        this.connections.delete(dial);
        this.input({ type: 'dialClosed', dial, reason });
      },
    });
    this.connections.set(dial, connection);
  }

  private hangUp(dial: DialId): void {
    this.connections.get(dial)?.close();
    this.connections.delete(dial);
  }

  /** The machine is drained, so what it says of itself covers exactly the records so far. */
  private checkpointIfDue(): void {
    const { log, machine, clock, checkpointAfter } = this.options;
    if (this.hasEnded || this.checkpointing !== null) return;
    const isLong =
      log.logBytes - this.base.bytes >= checkpointAfter.bytes ||
      log.logRecords - this.base.records >= checkpointAfter.records;
    const now = clock.now();
    if (!isLong || now < this.checkpointRetryAt) return;
    machine.beginCheckpoint(now);
    this.drain();
  }

  private roll(preamble: readonly WalRecord[]): void {
    const { log, trace } = this.options;
    const removed = log.roll(preamble).then((segment) => log.removeBefore(segment));
    this.commit.rolled();
    this.checkpointing = removed.then(
      () => {
        this.checkpointing = null;
        this.base = { bytes: log.logBytes, records: log.logRecords };
        trace.event('debug', 'older log segments removed', { segment: log.segment });
      },
      (error: unknown) => {
        this.checkpointing = null;
        this.checkpointRetryAt = this.options.clock.now() + CHECKPOINT_RETRY_MS;
        if (log.failed !== null) this.onLogFailed(log.failed);
        else trace.event('warn', `the log was not shortened: ${String(error)}`);
      },
    );
  }

  private noteServing(): void {
    if (this.isServing || this.machine.core.phase !== 'serving') return;
    this.isServing = true;
    this.options.onServing();
  }

  private setAlarm(): void {
    if (this.hasEnded) return;
    const { machine, clock } = this.options;
    const at = Math.min(machine.nextTimeoutAt(), this.commit.nextFlushAt);
    clock.setAlarm(at, () => {
      refreshPeerStates(machine);
      this.input({ type: 'tick' });
    });
  }

  private onLogFailed(error: Error): void {
    if (this.hasEnded) return;
    const reason = `the log failed: ${error.message}`;
    this.machine.stop(reason);
    this.drain();
    this.endFor(reason);
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
    for (const connection of this.connections.values()) connection.close();
    this.connections.clear();
    this.options.network.flush();
  }
}
