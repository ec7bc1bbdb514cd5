/**
 * A coordinator of a simulated cluster: the replay, log, machine, shell and client sessions that
 * ship, over simulated disk, network and clock. What `src/io/start-coordinator.ts` does with the
 * real ones.
 */
import { Prng } from '../../src/base/prng.js';
import type { StoreReply, StoreRequest } from '../../src/base/store-request.js';
import type { CoordinatorSettings } from '../../src/coordinator/core.js';
import { Coordinator } from '../../src/coordinator/machine.js';
import type { ClientRef } from '../../src/coordinator/ready.js';
import { replayCoordinator } from '../../src/coordinator/replay.js';
import { CoordinatorShell } from '../../src/coordinator/shell.js';
import type { TraceFields } from '../../src/ports/trace.js';
import { openFolder } from '../../src/wal/folder.js';
import { COORDINATOR_SETTINGS } from '../helpers/coordinator-settings.js';
import type { LogProfile } from './options.js';
import { SimProcess, type Surroundings } from './process.js';
import type { ServerSession } from './server-session.js';

export type Reconfigurable = Pick<
  CoordinatorSettings,
  | 'participants'
  | 'minParticipants'
  | 'companionCommands'
  | 'lateCompanionCommands'
  | 'companionReads'
>;

export class CoordinatorProcess extends SimProcess {
  shell: CoordinatorShell | null = null;
  readonly role = 'coordinator';
  readonly sessions = new Map<number, ServerSession>();
  /** What an operator types at each start until one serves. */
  forcedView = '';
  /** Its folder is an older one that passes for its own, and it has not served since. */
  isOutdated = false;
  /** Who may be forced instead, if that one is found half filled. */
  alternatives: string[] = [];
  /** It was started so. */
  isForced = false;
  /** An answer leaves. */
  onTold: (client: ClientRef, reply: StoreReply) => void = () => undefined;
  private early: { client: ClientRef; request: StoreRequest }[] = [];

  constructor(
    around: Surroundings,
    name: string,
    private readonly profile: LogProfile,
    public settings: Reconfigurable,
  ) {
    super(around, name);
  }

  get machine(): Coordinator | null {
    return this.shell?.machine ?? null;
  }

  /** Some participant has owed it an answer for so long that it may soon be left out. */
  get isOwedForLong(): boolean {
    if (this.machine === null) return false;
    const { peers, core } = this.machine;
    const longMs = core.settings.failureTimeoutMs / 2;
    return peers.all.some(({ debt }) => core.now - debt.since >= longMs);
  }

  get isServing(): boolean {
    return this.machine?.core.phase === 'serving';
  }

  /** A client has connected; null if nobody listens. */
  connect(session: ServerSession): boolean {
    if (!this.isRunning) return false;
    this.sessions.set(session.id, session);
    return true;
  }

  request(client: ClientRef, request: StoreRequest): void {
    if (this.shell === null) this.early.push({ client, request });
    else this.shell.request(client, request);
  }

  protected async boot(life: number): Promise<void> {
    const { world, wire, marks } = this.around;
    const prng = new Prng(world.prng.next());
    const { segmentBytes, segmentRecords, checkpointAfter } = this.profile;
    const opened = await openFolder(this.disk.open(), {
      role: 'coordinator',
      newStoreId: () => prng.hex(32),
      origin: this.disk.origin,
      segmentBytes,
      segmentRecords,
    });
    if (opened.isCopy) marks.hit('start: a coordinator on a restored or copied folder');
    const { recovered, outcome } = await replayCoordinator(opened);
    if (outcome.tail?.nonZero === true) marks.hit('start: a coordinator with a torn tail');
    const log = await opened.start();
    if (life !== this.life) return;
    const clock = this.clock(life);
    this.isForced = this.forcedView !== '';
    const machine = new Coordinator({
      recovered,
      settings: this.allSettings(),
      ...opened.identity,
      isCopied: opened.isCopy,
      prng,
      trace: this.trace(),
      now: clock.now(),
    });
    this.shell = new CoordinatorShell({
      machine,
      log,
      clock,
      network: wire.network.host(this.name),
      trace: this.trace(),
      defer: this.deferrer(life),
      checkpointAfter,
      onReply: (client, reply) => {
        if (!this.effect(life)) return;
        this.onTold(client, reply);
        this.sessions.get(client.session)?.complete(client.token, reply);
      },
      onServing: () => {
        this.forcedView = '';
        this.isOutdated = false;
        if (opened.isCopy) log.setOrigin(this.disk.origin).catch(() => undefined);
      },
      onEnd: (reason) => {
        // The last replies leave before the process does.
        this.around.world.after(1, () => {
          if (life === this.life) this.ended(reason);
        });
      },
    });
    this.shell.start();
    for (const { client, request } of this.early.splice(0)) this.shell.request(client, request);
  }

  /** A takeover has decided what no log had: the aborts are counted, the others are commits. */
  protected override onSaid(text: string, { decided }: TraceFields): void {
    if (text !== 'recovered' || this.machine === null) return;
    const { abortsRecovery } = this.machine.core.counters;
    const { marks } = this.around;
    if (abortsRecovery > 0) marks.hit('takeover: aborted what was in doubt');
    if (Number(decided) > abortsRecovery) marks.hit('takeover: committed what was in doubt');
  }

  protected dropShell(): void {
    this.shell = null;
    this.early = [];
    const sessions = [...this.sessions.values()];
    this.sessions.clear();
    for (const session of sessions) session.lost();
  }

  private allSettings(): CoordinatorSettings {
    return {
      ...COORDINATOR_SETTINGS,
      ownAddress: 'c:1',
      clusterSecret: 'secret',
      maxMemoryBytes: 1 << 30,
      forcedView: this.forcedView,
      forcedAt: Math.floor(this.around.world.now),
      ...this.settings,
    };
  }
}
