/**
 * Composes a coordinator from its configuration: data folder, server for clients, network, machine
 * and shell. Listens first and reads its log then, so that it is there for INFO and for those who
 * can wait, however long its log is.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { TxId, View } from '../base/ids.js';
import { COMPANION_COMMANDS, COMPANION_READS, LATE_COMPANION_COMMANDS } from '../base/limits.js';
import { formatAddress } from '../config/address.js';
import type { Config } from '../config/config.js';
import type { CoordinatorSettings } from '../coordinator/core.js';
import { clusterFields, statsFields, storedAmount } from '../coordinator/info.js';
import { Coordinator } from '../coordinator/machine.js';
import type { CoordinatorRecovered } from '../coordinator/recovery.js';
import { replayCoordinator } from '../coordinator/replay.js';
import { CoordinatorShell } from '../coordinator/shell.js';
import { tooManyClients } from '../resp/error-replies.js';
import { Session } from '../resp/session.js';
import type { OpenedFolder } from '../wal/folder.js';
import type { Log } from '../wal/log.js';
import { EarlyRequests } from './early-requests.js';
import { RoleEnd } from './role-end.js';
import { RoleEnvironment, type RoleReport } from './role-environment.js';
import { openTakenFolder, refusal } from './role-folder.js';
import { type RespServer, serveResp } from './resp-server.js';
import { type RunningRole, type StartContext, StartRefusedError } from './running-role.js';
import { SystemClock } from './system-clock.js';
import { SystemRandom } from './system-random.js';
import { TcpNetwork } from './tcp-network.js';

/** What clients sent before a stop is still read and answered. */
const LAST_REQUESTS_MS = 50;
/** How long a stop waits for what is under way. */
const FINISH_WAIT_MS = 1000;
const FINISH_POLL_MS = 5;
const MS_PER_SECOND = 1000;
/** How long clients may take to read their last replies. */
const LAST_REPLIES_MS = 2000;

export function startCoordinator(config: Config, context: StartContext): RunningRole {
  const role = new CoordinatorRole(config, context);
  role.serve();
  role.recoverInBackground();
  return role;
}

class CoordinatorRole implements RunningRole {
  private readonly end = new RoleEnd();
  private readonly clock = new SystemClock();
  private readonly network = new TcpNetwork();
  private readonly environment: RoleEnvironment;
  private readonly early: EarlyRequests;
  private server: RespServer | null = null;
  private shell: CoordinatorShell | null = null;
  private log: Log | null = null;
  private recovering: Promise<void> = Promise.resolve();
  private isStopping = false;

  constructor(
    private readonly config: Config,
    private readonly context: StartContext,
  ) {
    this.environment = new RoleEnvironment(config, context.version, () => this.report());
    this.early = new EarlyRequests({
      limit: config.maxRequestsInFlight,
      waitMs: config.recoveryWaitMs,
      now: () => this.clock.now(),
      answer: ({ session, token }, reply) => {
        this.server?.complete(session, token, reply);
      },
    });
  }

  get finished(): Promise<number> {
    return this.end.finished;
  }

  serve(): void {
    const { config, context, environment } = this;
    this.server = serveResp(context.door, {
      maxClients: config.maxClients,
      maxClientsAndSilent: context.limits.clientsAndSilent,
      refusal: tooManyClients(environment.replyFormat),
      trace: context.trace,
      now: () => this.clock.now(),
      makeSession: (facts, now) => new Session(environment, facts, now),
      onStoreRequest: (session, token, request) => {
        const client = { session, token };
        if (this.shell === null) this.early.hold(client, request);
        else this.shell.request(client, request);
      },
    });
    environment.server = this.server;
    environment.loopDelay.start();
  }

  recoverInBackground(): void {
    this.recovering = this.recover().catch((error: unknown) => {
      const why = refusal(error, 'coordinator');
      this.end.because(why instanceof Error ? why : new Error(String(why)));
    });
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    if (this.shell !== null) await delay(LAST_REQUESTS_MS);
    const clientsGone = this.server?.close(LAST_REPLIES_MS);
    this.early.refuseAll();
    await this.recovering;
    const { shell } = this;
    if (shell !== null) {
      await finishRequests(shell);
      shell.shutdown();
    }
    await clientsGone;
    await shell?.close();
    await this.context.taken.lock.release();
  }

  private async recover(): Promise<void> {
    const { config, context } = this;
    const { taken } = context;
    const opened = await openTakenFolder(config, taken);
    const { recovered, outcome } = await replayCoordinator(opened);
    this.confirmForcedView(recovered);
    const log = await opened.start();
    this.log = log;
    context.trace.event('info', opened.fresh ? 'a new data folder' : 'log read', {
      records: outcome.records,
      segments: outcome.segments,
      cutBytes: outcome.tail?.nonZero === true ? outcome.tail.bytes : 0,
      folder: taken.disk.path,
    });
    if (opened.isCopy) {
      context.trace.event('warn', 'this data folder was restored or copied: asking everybody');
    }
    if (this.isStopping) {
      await log.close();
      return;
    }
    const shell = this.makeShell(opened, log, recovered);
    this.shell = shell;
    shell.start();
    this.early.release((client, request, waitedMs) => {
      shell.request(client, request, waitedMs);
    });
  }

  /** Nothing was changed yet: an operator who only wants to know what is at risk may ask. */
  private confirmForcedView({ view, outcomes }: CoordinatorRecovered): void {
    const { forceView, yes } = this.context.options;
    if (forceView === null || yes) return;
    const address = formatAddress(forceView);
    const isConfigured = this.config.participants.map(formatAddress).includes(address);
    if (!isConfigured) {
      const text = `--force_view: ${address} is not a configured participant`;
      throw new StartRefusedError('not_configured', text);
    }
    throw new StartRefusedError('needs_yes', forcedViewText(address, view, outcomes.decidedTxid));
  }

  private makeShell(
    opened: OpenedFolder,
    log: Log,
    recovered: CoordinatorRecovered,
  ): CoordinatorShell {
    const { config, context, clock, network } = this;
    const { trace } = context;
    const { storeId, clusterId, generation } = opened.identity;
    const machine = new Coordinator({
      recovered,
      settings: settingsOf(config, context),
      storeId,
      clusterId,
      generation,
      isCopied: opened.isCopy,
      prng: new SystemRandom(),
      trace,
      now: clock.now(),
    });
    return new CoordinatorShell({
      machine,
      log,
      clock,
      network,
      trace,
      defer: setImmediate,
      checkpointAfter: { bytes: config.snapshotAfterBytes, records: config.snapshotAfterRecords },
      onReply: ({ session, token }, reply) => {
        this.server?.complete(session, token, reply);
      },
      onServing: () => {
        if (opened.isCopy) this.declareOrigin(log);
        trace.event('info', 'serving');
      },
      onEnd: (reason) => {
        this.endAfterReplies(reason);
      },
    });
  }

  /** The participants have confirmed what this folder says; a failure shows at the next record. */
  private declareOrigin(log: Log): void {
    log.setOrigin(this.context.taken.origin).catch((error: unknown) => {
      this.context.trace.event('warn', `the folder still counts as copied: ${String(error)}`);
    });
  }

  private endAfterReplies(reason: string): void {
    const ended = (): void => {
      this.end.becauseOf('ended', reason);
    };
    this.server?.close(LAST_REPLIES_MS).then(ended, ended);
  }

  private report(): RoleReport {
    const { shell, log } = this;
    if (shell === null) {
      const cluster = [['state', 'recovering'] as const, ['condition', 'reading the log'] as const];
      const none = { stats: [], replication: [], syncMicros: null, keys: 0, storedBytes: 0 };
      return { isLoading: true, cluster, log, ...none };
    }
    const { machine, syncMicros } = shell;
    const { keys, bytes } = storedAmount(machine);
    return {
      isLoading: machine.core.phase === 'recovering',
      keys,
      storedBytes: bytes,
      stats: statsFields(machine),
      replication: [['connected_slaves', machine.membership.liveMembers().length]],
      cluster: clusterFields(machine),
      log,
      syncMicros,
    };
  }
}

/** What an operator should know before one participant's store becomes the truth. */
function forcedViewText(address: string, view: View | null, decidedTxid: TxId): string {
  const members = view?.members.map((member) => member.address).join(', ') ?? '';
  const last =
    view === null
      ? 'this log knows of no view and no decision'
      : `the last view known here is view ${view.number} (${members}), ` +
        `with transactions decided up to ${decidedTxid}`;
  return (
    `--force_view would make the store of ${address} the truth, whatever the others hold: ${last}; ` +
    `every acknowledged write that ${address} lacks would be lost for good, and all other ` +
    'participants would be filled again from it; add --yes if that is wanted'
  );
}

async function finishRequests(shell: CoordinatorShell): Promise<void> {
  const deadline = performance.now() + FINISH_WAIT_MS;
  while (shell.machine.pendingRequests > 0 && performance.now() < deadline) {
    await delay(FINISH_POLL_MS);
  }
}

function settingsOf(config: Config, { options }: StartContext): CoordinatorSettings {
  return {
    ownAddress: formatAddress(config.self),
    participants: config.participants.map(formatAddress),
    clusterSecret: config.clusterSecret ?? '',
    heartbeatIntervalMs: config.heartbeatIntervalMs,
    failureTimeoutMs: config.failureTimeoutMs,
    requestTimeoutMs: config.requestTimeoutMs,
    recoveryWaitMs: config.recoveryWaitMs,
    minParticipants: config.minParticipants,
    maxMemoryBytes: config.maxMemoryBytes,
    maxKeys: config.maxKeys,
    maxQueuedRequests: config.maxRequestsInFlight,
    companionCommands: COMPANION_COMMANDS,
    lateCompanionCommands: LATE_COMPANION_COMMANDS,
    companionReads: COMPANION_READS,
    forcedView: options.forceView === null ? '' : formatAddress(options.forceView),
    forcedAt: Math.floor(Date.now() / MS_PER_SECOND),
  };
}
