/**
 * What client sessions of either role may ask of the process around them: limits, settings, other
 * clients, and INFO, whose sections beyond the common ones come from the role.
 */
import { arch, release, type } from 'node:os';
import { formatAddress } from '../config/address.js';
import type { Config } from '../config/config.js';
import { visibleSettings } from '../config/print.js';
import type { Histogram } from '../base/histogram.js';
import { CommandStatistics } from '../resp/command-statistics.js';
import type { ClientInfo, CommandVerdict, SessionEnvironment } from '../resp/environment.js';
import {
  clientsSection,
  clusterSection,
  commandStatsSection,
  cpuSection,
  formatInfo,
  type InfoField,
  type InfoSection,
  keyspaceSection,
  memorySection,
  persistenceSection,
  replicationSection,
  serverSection,
  statsSection,
} from '../resp/info.js';
import type { SessionLimits } from '../resp/limits.js';
import type { Log } from '../wal/log.js';
import { EventLoopDelay } from './event-loop-delay.js';
import type { RespServer } from './resp-server.js';

const MICROS_PER_SECOND = 1e6;
const MICROS_PER_MS = 1000;

/** What only the role knows. */
export interface RoleReport {
  readonly isLoading: boolean;
  readonly keys: number;
  readonly storedBytes: number;
  readonly stats: readonly InfoField[];
  readonly replication: readonly InfoField[];
  readonly cluster: readonly InfoField[];
  /** Null until recovery has opened the log. */
  readonly log: Log | null;
  readonly syncMicros: Histogram | null;
}

export class RoleEnvironment implements SessionEnvironment {
  readonly role: Config['role'];
  readonly replyFormat: Config['replyFormat'];
  readonly requirepass: string;
  readonly limits: SessionLimits;
  readonly coordinatorAddress: string;
  readonly loopDelay = new EventLoopDelay();
  /** Null until the process listens. */
  server: RespServer | null = null;
  private readonly statistics = new CommandStatistics();

  constructor(
    private readonly config: Config,
    private readonly version: string,
    private readonly report: () => RoleReport,
  ) {
    this.role = config.role;
    // Whoever asks a participant for data is to read where the coordinator is.
    this.replyFormat = config.role === 'participant' ? 'redis' : config.replyFormat;
    this.requirepass = config.requirepass ?? '';
    this.limits = limitsOf(config);
    this.coordinatorAddress = formatAddress(config.coordinator);
  }

  info(sections: readonly string[]): string {
    return formatInfo([...this.processSections(), ...this.roleSections()], sections);
  }

  configEntries(): readonly (readonly [string, string])[] {
    return visibleSettings(this.config);
  }

  clients(): readonly ClientInfo[] {
    const now = performance.now();
    return [...(this.server?.sessions ?? [])].map((session) => session.describe(now));
  }

  wallClockMicros(): number {
    return Date.now() * MICROS_PER_MS;
  }

  countCommand(fullName: string, verdict: CommandVerdict): void {
    this.statistics.count(fullName, verdict);
  }

  private processSections(): InfoSection[] {
    const { config, server } = this;
    let waiting = 0;
    for (const session of server?.sessions ?? []) if (session.inFlight > 0) waiting += 1;
    return [
      serverSection({
        version: this.version,
        role: config.role,
        os: `${type()} ${release()} ${arch()}`,
        archBits: arch().includes('64') || arch() === 's390x' ? 64 : 32,
        processId: process.pid,
        tcpPort: config.listen.port,
        uptimeSeconds: Math.floor(process.uptime()),
        configFile: config.fileName,
      }),
      clientsSection({
        connected: server?.sessionCount ?? 0,
        maximum: config.maxClients,
        waiting,
      }),
    ];
  }

  private roleSections(): InfoSection[] {
    const { config, server, role, statistics } = this;
    const report = this.report();
    const { user, system } = process.cpuUsage();
    const cluster = clusterSection();
    return [
      memorySection({
        residentBytes: process.memoryUsage.rss(),
        usedBytes: report.storedBytes,
        maximumBytes: config.maxMemoryBytes,
      }),
      persistenceSection(report.isLoading, logFields(report.log)),
      statsSection(
        {
          connectionsReceived: server?.connectionsReceived ?? 0,
          connectionsRejected: server?.connectionsRejected ?? 0,
          commandsProcessed: statistics.total,
        },
        [...report.stats, ...syncFields(report.syncMicros), ...this.loopDelay.fields()],
      ),
      replicationSection(role, report.replication),
      cpuSection(user / MICROS_PER_SECOND, system / MICROS_PER_SECOND),
      { ...cluster, fields: [...cluster.fields, ...report.cluster] },
      keyspaceSection(report.keys),
      commandStatsSection(statistics),
    ];
  }
}

function limitsOf(config: Config): SessionLimits {
  return {
    maxKeyBytes: config.maxKeyBytes,
    maxValueBytes: config.maxValueBytes,
    maxRequestArgs: config.maxRequestArgs,
    maxRequestBytes: config.maxRequestBytes,
    maxInFlight: config.maxRequestsInFlightPerClient,
    maxInFlightBytes: config.maxBytesInFlightPerClient,
    maxReplyBytes: config.maxPendingReplyBytes,
  };
}

function logFields(log: Log | null): InfoField[] {
  if (log === null) return [];
  return [
    ['log_segment', log.segment],
    ['log_bytes', log.logBytes],
    ['log_records', log.logRecords],
    ['log_base_segment', log.baseSegment],
  ];
}

function syncFields(micros: Histogram | null): InfoField[] {
  if (micros === null) return [];
  return [
    ['syncs', micros.count],
    ['sync_p50_us', micros.percentile(50)],
    ['sync_p99_us', micros.percentile(99)],
  ];
}
