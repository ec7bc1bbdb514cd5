/**
 * A participant of a simulated cluster: the replay, log, machine and shell that ship, over
 * simulated disk, network and clock. What `src/io/start-participant.ts` does with the real ones.
 */
import { Prng } from '../../src/base/prng.js';
import { Participant } from '../../src/participant/machine.js';
import { replayParticipant, startParticipantLog } from '../../src/participant/replay.js';
import { ParticipantShell } from '../../src/participant/shell.js';
import { openFolder } from '../../src/wal/folder.js';
import { flipStoredByte } from '../helpers/rot.js';
import type { LogProfile } from './options.js';
import { SimProcess, type Surroundings } from './process.js';

const CLUSTER_SECRET = 'secret';

export class ParticipantProcess extends SimProcess {
  shell: ParticipantShell | null = null;
  readonly role = 'participant';
  readonly address: string;
  private checkpointAfter = { bytes: Infinity, records: Infinity };
  /** Whose memory was flipped, and how often it had been refilled by then. */
  private flipped: { readonly machine: Participant; readonly installs: number } | null = null;

  constructor(
    around: Surroundings,
    address: string,
    private readonly profile: LogProfile,
    private readonly scrubIntervalMs: number,
  ) {
    super(around, address);
    this.address = address;
  }

  get machine(): Participant | null {
    return this.shell?.machine ?? null;
  }

  /** Its log counts as too long, at most for so long and until it starts anew. */
  askForCheckpoints(ms: number): void {
    const { checkpointAfter } = this;
    checkpointAfter.records = 0;
    this.around.world.after(ms, () => {
      checkpointAfter.records = this.profile.checkpointAfter.records;
    });
  }

  /** A bit of a stored value; false if there is no such value. */
  flipMemory(key: string): boolean {
    const { machine } = this;
    if (machine === null || !flipStoredByte(machine.state.table, key)) return false;
    this.flipped = { machine, installs: machine.core.counters.installs };
    return true;
  }

  /** What was flipped is there still: it was neither started anew nor refilled since. */
  get isFlipped(): boolean {
    const { machine, flipped } = this;
    if (machine === null || machine !== flipped?.machine) return false;
    return machine.core.counters.installs === flipped.installs;
  }

  protected async boot(life: number): Promise<void> {
    const { world, wire, marks } = this.around;
    const prng = new Prng(world.prng.next());
    const { segmentBytes, segmentRecords, deltaMemoryBytes } = this.profile;
    const opened = await openFolder(this.disk.open(), {
      role: 'participant',
      newStoreId: () => prng.hex(32),
      origin: this.disk.origin,
      segmentBytes,
      segmentRecords,
    });
    if (opened.isCopy) marks.hit('start: a participant on a restored or copied folder');
    const replay = await replayParticipant(opened, deltaMemoryBytes);
    if (replay.outcome.tail?.nonZero === true) marks.hit('start: a participant with a torn tail');
    if (replay.state.installing) marks.hit('start: a snapshot had not arrived whole');
    const log = await startParticipantLog(opened, replay, this.disk.origin);
    if (life !== this.life) return;
    const clock = this.clock(life);
    const machine = new Participant({
      state: replay.state,
      settings: {
        coordinatorAddress: 'c:1',
        clusterSecret: CLUSTER_SECRET,
        maxMemoryBytes: 1 << 30,
        donorTimeoutMs: 3000,
        scrubIntervalMs: this.scrubIntervalMs,
      },
      ...opened.identity,
      prng,
      trace: this.trace(),
      now: clock.now(),
    });
    this.checkpointAfter = { ...this.profile.checkpointAfter };
    const shell = new ParticipantShell({
      machine,
      log,
      clock,
      network: wire.network.host(this.address),
      trace: this.trace(),
      defer: this.deferrer(life),
      pause: (ms) =>
        new Promise((resolve) => {
          world.after(0.2 + ms, () => {
            this.gate(life, () => {
              world.isStirred = true;
              resolve();
            });
          });
        }),
      checkpointAfter: this.checkpointAfter,
      onEnd: (reason) => {
        this.ended(reason);
      },
    });
    this.shell = shell;
    wire.network.listen(this.address, (connection) => shell.accept(connection));
    shell.start();
  }

  protected dropShell(): void {
    this.shell = null;
  }
}
