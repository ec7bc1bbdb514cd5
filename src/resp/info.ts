/**
 * The text of INFO from plain data. The shell gathers numbers and adds sections of its own; here
 * are the form, the choice of sections, and the sections of which clients and monitors read fields
 * by name. ioredis waits for `loading:0`, redis-cli reads `used_memory` and `db0:keys=`. Knows
 * nothing of where a number comes from.
 */
import type { CommandStatistics } from './command-statistics.js';
import { REDIS_VERSION } from './version.js';

export type InfoField = readonly [name: string, value: string | number];

export interface InfoSection {
  readonly name: string;
  readonly fields: readonly InfoField[];
  /** Shown only when asked for by name, or with `all` or `everything`. */
  readonly onRequest?: boolean;
}

export type InfoSnapshot = readonly InfoSection[];

const LINE_ENDS = /[\r\n]+/g;

function formatSection({ name, fields }: InfoSection): string {
  const lines = fields.map(
    ([field, value]) => `${field}:${String(value).replace(LINE_ENDS, ' ')}\r\n`,
  );
  return `# ${name}\r\n${lines.join('')}`;
}

function isWanted(section: InfoSection, wanted: ReadonlySet<string>): boolean {
  if (wanted.has('all') || wanted.has('everything')) return true;
  if (wanted.has(section.name.toLowerCase())) return true;
  return section.onRequest !== true && (wanted.size === 0 || wanted.has('default'));
}

/** Sections by name in any case; none named means the default ones, unknown ones are left out. */
export function formatInfo(snapshot: InfoSnapshot, requested: readonly string[]): string {
  const wanted = new Set(requested.map((name) => name.toLowerCase()));
  return snapshot
    .filter((section) => isWanted(section, wanted))
    .map(formatSection)
    .join('\r\n');
}

export interface ServerFacts {
  readonly version: string;
  readonly role: 'coordinator' | 'participant';
  readonly os: string;
  readonly archBits: number;
  readonly processId: number;
  readonly tcpPort: number;
  readonly uptimeSeconds: number;
  readonly configFile: string;
}

export function serverSection(facts: ServerFacts): InfoSection {
  return {
    name: 'Server',
    fields: [
      ['redis_version', REDIS_VERSION],
      ['redis_mode', 'standalone'],
      ['kvstore2pcsystem_version', facts.version],
      ['kvstore2pcsystem_role', facts.role],
      ['os', facts.os],
      ['arch_bits', facts.archBits],
      ['process_id', facts.processId],
      ['tcp_port', facts.tcpPort],
      ['uptime_in_seconds', facts.uptimeSeconds],
      ['config_file', facts.configFile],
    ],
  };
}

export interface ClientsFacts {
  readonly connected: number;
  readonly maximum: number;
  /** Clients with a request that waits for the store. */
  readonly waiting: number;
}

export function clientsSection({ connected, maximum, waiting }: ClientsFacts): InfoSection {
  return {
    name: 'Clients',
    fields: [
      ['connected_clients', connected],
      ['maxclients', maximum],
      ['blocked_clients', waiting],
    ],
  };
}

export interface MemoryFacts {
  readonly residentBytes: number;
  readonly usedBytes: number;
  /** 0: no limit. */
  readonly maximumBytes: number;
}

export function memorySection(facts: MemoryFacts): InfoSection {
  return {
    name: 'Memory',
    fields: [
      ['used_memory', facts.usedBytes],
      ['used_memory_rss', facts.residentBytes],
      ['maxmemory', facts.maximumBytes],
      ['maxmemory_policy', 'noeviction'],
      ['mem_allocator', 'libc'],
    ],
  };
}

/** `loading`: requests that need the store wait for recovery. */
export function persistenceSection(loading: boolean, more: readonly InfoField[]): InfoSection {
  const flag = loading ? 1 : 0;
  return { name: 'Persistence', fields: [['loading', flag], ['aof_enabled', 1], ...more] };
}

export interface StatsFacts {
  readonly connectionsReceived: number;
  readonly connectionsRejected: number;
  readonly commandsProcessed: number;
}

export function statsSection(facts: StatsFacts, more: readonly InfoField[]): InfoSection {
  return {
    name: 'Stats',
    fields: [
      ['total_connections_received', facts.connectionsReceived],
      ['total_commands_processed', facts.commandsProcessed],
      ['rejected_connections', facts.connectionsRejected],
      ...more,
    ],
  };
}

/** Clients write to a coordinator only, which is what they call a master. */
export function replicationSection(
  role: 'coordinator' | 'participant',
  more: readonly InfoField[],
): InfoSection {
  const name = role === 'coordinator' ? 'master' : 'slave';
  return { name: 'Replication', fields: [['role', name], ...more] };
}

export function cpuSection(userSeconds: number, systemSeconds: number): InfoSection {
  return {
    name: 'CPU',
    fields: [
      ['used_cpu_sys', systemSeconds.toFixed(6)],
      ['used_cpu_user', userSeconds.toFixed(6)],
    ],
  };
}

/** Redis Cluster, which this is not. */
export function clusterSection(): InfoSection {
  return { name: 'Cluster', fields: [['cluster_enabled', 0]] };
}

export function keyspaceSection(keys: number): InfoSection {
  const fields: InfoField[] = keys > 0 ? [['db0', `keys=${keys},expires=0,avg_ttl=0`]] : [];
  return { name: 'Keyspace', fields };
}

export function commandStatsSection(statistics: CommandStatistics): InfoSection {
  const fields = statistics.rows().map(([name, { calls, failed, rejected }]): InfoField => {
    return [`cmdstat_${name}`, `calls=${calls},rejected_calls=${rejected},failed_calls=${failed}`];
  });
  return { name: 'Commandstats', fields, onRequest: true };
}
