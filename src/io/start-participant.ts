/**
 * Composes a participant from its configuration: data folder, server, network, machine and shell.
 * Listens first and loads its store then; peers wait unread meanwhile, and INFO is answered.
 * Clients and peers use one port: a peer's connection is known by its first bytes.
 */
import type { Socket } from 'node:net';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { formatAddress } from '../config/address.js';
import type { Config } from '../config/config.js';
import type { ParticipantSettings } from '../participant/core.js';
import { clusterFields, statsFields } from '../participant/info.js';
import { Participant } from '../participant/machine.js';
import {
  type ParticipantReplay,
  replayParticipant,
  startParticipantLog,
} from '../participant/replay.js';
import { ParticipantShell } from '../participant/shell.js';
import type { ParticipantState } from '../participant/state.js';
import { tooManyClients } from '../resp/error-replies.js';
import { Session } from '../resp/session.js';
import { PEER_PREFIX } from '../rpc/codec.js';
import type { OpenedFolder } from '../wal/folder.js';
import type { Log } from '../wal/log.js';
import { HeldSockets } from './held-sockets.js';
import { type RespServer, serveResp } from './resp-server.js';
import { RoleEnd } from './role-end.js';
import { RoleEnvironment, type RoleReport } from './role-environment.js';
import { openTakenFolder, refusal } from './role-folder.js';
import type { RunningRole, StartContext } from './running-role.js';
import { SystemClock } from './system-clock.js';
import { SystemRandom } from './system-random.js';
import { TcpNetwork } from './tcp-network.js';
import { UnprovedPeers } from './unproved-peers.js';

/** A donor that sends nothing for so long is given up. */
const DONOR_TIMEOUT_MS = 3000;
/** One of 1024 shards is checked so often: all of them in about ten minutes. */
const SCRUB_INTERVAL_MS = 600;
/** A coordinator dials twice every two seconds; the newest are those that still wait. */
const MAX_HELD_PEERS = 16;
/** How long clients that look around may take to read their last replies. */
const LAST_REPLIES_MS = 500;

export function startParticipant(config: Config, context: StartContext): RunningRole {
  const role = new ParticipantRole(config, context);
  role.serve();
  role.recoverInBackground();
  return role;
}

class ParticipantRole implements RunningRole {
  private readonly end = new RoleEnd();
  private readonly clock = new SystemClock();
  private readonly network: TcpNetwork;
  private readonly environment: RoleEnvironment;
  /** Peers that come before the store is loaded, with the bytes by which they were known. */
  private readonly held = new HeldSockets<Buffer>();
  private server: RespServer | null = null;
  private shell: ParticipantShell | null = null;
  private log: Log | null = null;
  private recovering: Promise<void> = Promise.resolve();
  private isStopping = false;

  constructor(
    private readonly config: Config,
    private readonly context: StartContext,
  ) {
    this.network = new TcpNetwork(undefined, new UnprovedPeers(context.limits.unprovedPeers));
    this.environment = new RoleEnvironment(config, context.version, () => this.report());
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
      claim: {
        prefix: PEER_PREFIX,
        take: (socket, firstBytes) => {
          if (this.isStopping) socket.destroy();
          else if (this.shell === null) this.holdPeer(socket, firstBytes);
          else this.acceptPeer(this.shell, socket, firstBytes);
        },
      },
      makeSession: (facts, now) => new Session(environment, facts, now),
      onStoreRequest: (session, token) => {
        const text = `ask the coordinator at ${formatAddress(config.coordinator)}`;
        this.server?.complete(session, token, { type: 'error', code: 'ERR', text });
      },
    });
    environment.server = this.server;
    environment.loopDelay.start();
  }

  recoverInBackground(): void {
    this.recovering = this.recover().catch((error: unknown) => {
      const why = refusal(error, 'participant');
      this.end.because(why instanceof Error ? why : new Error(String(why)));
    });
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    this.held.destroyAll();
    const clientsGone = this.server?.close(LAST_REPLIES_MS);
    await this.recovering;
    await this.shell?.close();
    await clientsGone;
    await this.context.taken.lock.release();
  }

  private holdPeer(socket: Socket, firstBytes: Buffer): void {
    this.held.hold(socket, firstBytes);
    if (this.held.size > MAX_HELD_PEERS) this.held.dropOldest();
  }

  private acceptPeer(shell: ParticipantShell, socket: Socket, firstBytes: Buffer): void {
    this.network.acceptPeer(socket, firstBytes, (connection) => shell.accept(connection));
  }

  private async recover(): Promise<void> {
    const { config, context } = this;
    const { taken } = context;
    const opened = await openTakenFolder(config, taken);
    const replay = await replayParticipant(opened, config.deltaMemoryBytes);
    const log = await startParticipantLog(opened, replay, taken.origin);
    this.log = log;
    this.tellOutcome(opened, replay);
    if (this.isStopping) {
      await log.close();
      return;
    }
    const shell = this.makeShell(log, replay.state, opened.identity);
    this.shell = shell;
    shell.start();
    this.held.release((socket, firstBytes) => {
      this.acceptPeer(shell, socket, firstBytes);
    });
    context.trace.event('debug', 'peers are answered');
  }

  private tellOutcome(opened: OpenedFolder, { state, outcome }: ParticipantReplay): void {
    const { trace } = this.context;
    const { tail } = outcome;
    trace.event('info', opened.fresh ? 'a new data folder' : 'recovered', {
      transactions: state.resolved.txid,
      keys: state.table.size,
      inDoubt: state.inDoubt.length,
      records: outcome.records,
      segments: outcome.segments,
      folder: this.context.taken.disk.path,
    });
    if (tail?.nonZero === true) {
      trace.event('warn', 'cut off a torn tail', {
        file: tail.file,
        offset: tail.offset,
        bytes: tail.bytes,
        uncertainFrom: state.tailFrom,
      });
    }
    if (state.installing) {
      trace.event('warn', 'a snapshot did not arrive whole: this participant must be refilled');
    }
  }

  private makeShell(
    log: Log,
    state: ParticipantState,
    identity: OpenedFolder['identity'],
  ): ParticipantShell {
    const { config, context, clock, network } = this;
    const { trace } = context;
    const { storeId, clusterId, generation } = identity;
    const machine = new Participant({
      state,
      settings: settingsOf(config),
      storeId,
      clusterId,
      generation,
      prng: new SystemRandom(),
      trace,
      now: clock.now(),
    });
    return new ParticipantShell({
      machine,
      log,
      clock,
      network,
      trace,
      // All that concerns one transaction comes from one socket: nothing else is worth waiting for.
      defer: (callback) => {
        process.nextTick(callback);
      },
      pause: (ms) => (ms < 1 ? setImmediate() : setTimeout(ms)),
      checkpointAfter: { bytes: config.snapshotAfterBytes, records: config.snapshotAfterRecords },
      onEnd: (reason) => {
        this.end.becauseOf('ended', reason);
      },
    });
  }

  private report(): RoleReport {
    const { shell, log, config } = this;
    const { host, port } = config.coordinator;
    const replication = [['master_host', host] as const, ['master_port', port] as const];
    if (shell === null) {
      const cluster = [['state', 'recovering'] as const];
      const none = { stats: [], syncMicros: null, keys: 0, storedBytes: 0 };
      return { isLoading: true, cluster, replication, log, ...none };
    }
    const { machine, syncMicros } = shell;
    const { table } = machine.state;
    return {
      isLoading: false,
      keys: table.size,
      storedBytes: table.bytes,
      stats: statsFields(machine),
      replication,
      cluster: clusterFields(machine),
      log,
      syncMicros,
    };
  }
}

function settingsOf(config: Config): ParticipantSettings {
  return {
    coordinatorAddress: formatAddress(config.coordinator),
    clusterSecret: config.clusterSecret ?? '',
    maxMemoryBytes: config.maxMemoryBytes,
    donorTimeoutMs: DONOR_TIMEOUT_MS,
    scrubIntervalMs: SCRUB_INTERVAL_MS,
  };
}
