/**
 * The processes under test: a coordinator and three participants, each at a place of its own, with
 * a configuration, a data folder (on a small file system where the machine gives one), and perhaps
 * a wall clock that is read from a file. A role is started through a script that enters its place
 * and then becomes the server, so signals reach the server itself.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Prng } from '../../src/base/prng.js';
import { type ClusterInfo, isWhole, parseInfo } from '../helpers/cluster-info.js';
import { RespConnection, textOf } from '../helpers/resp-connection.js';
import { RoleProcess } from '../helpers/role-process.js';
import { SmallDisk } from '../helpers/small-disk.js';
import type { Abilities } from './abilities.js';
import type { Place, Topology } from './topology.js';
import { within } from './within.js';

export const COORDINATOR = 'coordinator';
export const ROLE_NAMES = [COORDINATOR, 'participant1', 'participant2', 'participant3'] as const;

/** A process under test with what belongs to it. */
export interface Role {
  readonly process: RoleProcess;
  readonly dataDir: string;
  readonly disk: SmallDisk | undefined;
  /** How far its wall clock is off stands in this file; undefined: the machine's clock. */
  readonly clockFile: string | undefined;
}

export interface ClusterParts {
  readonly folder: string;
  readonly topology: Topology;
  readonly abilities: Abilities;
  readonly prng: Prng;
  /** Another build of the program than the one beside this file. */
  readonly main?: string;
  /** Lines for the configuration of participants alone. */
  readonly participantSettings?: readonly string[];
}

const DISK_MB = 24;
const INFO_TIMEOUT_MS = 2000;
const INFO_POLL_MS = 100;
const MAIN = join(import.meta.dirname, '..', '..', 'program', 'main.js');
/** Words that go between the place and the program, such as a tracer; none as a rule. */
const WRAP_VARIABLE = 'KV_CHAOS_WRAP';

/** Short logs and small memories, so that segments end and snapshots travel during a run. */
const SMALL_SETTINGS = [
  'segment_bytes 64kb',
  'snapshot_after_records 4000',
  'snapshot_after_bytes 2mb',
  'delta_memory 64kb',
];
const ROOMY_SETTINGS = ['segment_bytes 1mb', 'snapshot_after_bytes 8mb'];

export class ChaosCluster {
  readonly roles: readonly Role[];

  constructor(readonly parts: ClusterParts) {
    const { abilities, prng, topology } = parts;
    const settings = prng.chance(0.5) ? SMALL_SETTINGS : ROOMY_SETTINGS;
    // One folder is where temporary files are, for syncs that take as long as a real disk's.
    const onRealDisk = prng.below(ROLE_NAMES.length);
    const withOwnClock = prng.below(ROLE_NAMES.length);
    this.roles = topology.places.map((place, index) => {
      const isSmall = !abilities.missing.has('small disks') && index !== onRealDisk;
      const hasClock = !abilities.missing.has('faketime');
      const clocked = hasClock && (index === withOwnClock || prng.chance(0.5));
      return this.#makeRole(place, settings, isSmall, clocked);
    });
    process.on('exit', () => {
      for (const { disk } of this.roles) disk?.unmount();
    });
  }

  get coordinator(): Role {
    return this.role(COORDINATOR);
  }

  get participants(): readonly Role[] {
    return this.roles.filter((role) => role.process.name !== COORDINATOR);
  }

  role(name: string): Role {
    const role = this.roles.find((candidate) => candidate.process.name === name);
    if (role === undefined) throw new Error(`there is no ${name}`);
    return role;
  }

  /** Starts a role and returns at once; `wrap`: words before the program. */
  launch(role: Role, wrap: readonly string[] = []): void {
    role.process.launch({ env: { [WRAP_VARIABLE]: wrap.join(' ') } });
  }

  connect(): Promise<RespConnection> {
    const { host, port } = this.coordinator.process;
    return RespConnection.open(host, port);
  }

  async info(): Promise<ClusterInfo> {
    const connection = await this.connect();
    try {
      return parseInfo(textOf(await within(INFO_TIMEOUT_MS, connection.command('INFO'))));
    } finally {
      connection.close();
    }
  }

  /** Null once every participant is a member, else what INFO said last. */
  async waitUntilWhole(timeoutMs: number): Promise<string | null> {
    const deadline = performance.now() + timeoutMs;
    let last = 'INFO was never answered';
    while (performance.now() < deadline) {
      try {
        const info = await this.info();
        if (isWhole(info)) return null;
        last = clusterLines(info);
      } catch (error) {
        last = String(error);
      }
      await new Promise((resolve) => setTimeout(resolve, INFO_POLL_MS));
    }
    return last;
  }

  setClock(role: Role, offset: string): void {
    if (role.clockFile !== undefined) writeFileSync(role.clockFile, `${offset}\n`);
  }

  /** Everything in the data folder of a stopped role goes, as with a replaced disk. */
  wipe(role: Role): void {
    if (role.process.isRunning) throw new Error(`${role.process.name} runs`);
    for (const name of readdirSync(role.dataDir)) {
      rmSync(join(role.dataDir, name), { recursive: true, force: true });
    }
  }

  /** The folder with the log; null before there is one. */
  logFolderOf(role: Role): string | null {
    const entries = readdirSync(role.dataDir, { withFileTypes: true });
    const found = entries.find((entry) => entry.isDirectory());
    return found === undefined ? null : join(role.dataDir, found.name);
  }

  /** The number of the segment that is written now; 0 before there is one. */
  newestSegmentOf(role: Role): number {
    const folder = this.logFolderOf(role);
    const names = folder === null ? [] : readdirSync(folder);
    return Math.max(0, ...names.filter((name) => name.endsWith('.log')).map(parseFloat));
  }

  #makeRole(place: Place, settings: readonly string[], isSmall: boolean, clocked: boolean): Role {
    const { name, host, port } = place;
    const folder = join(this.parts.folder, name);
    const plainData = join(folder, 'data');
    mkdirSync(plainData, { recursive: true });
    const disk = isSmall ? SmallDisk.mount(DISK_MB) : undefined;
    const dataDir = disk?.folder ?? plainData;
    const clockFile = clocked ? join(folder, 'clock') : undefined;
    if (clockFile !== undefined) writeFileSync(clockFile, '+0s\n');
    const configPath = join(folder, 'kv.conf');
    const own = name === COORDINATOR ? [] : (this.parts.participantSettings ?? []);
    const lines = [...this.#addressLines(place), `data_dir ${dataDir}`, ...settings, ...own];
    writeFileSync(configPath, `${lines.join('\n')}\n`);
    const program = join(folder, 'start');
    writeFileSync(program, this.#script(place, clockFile), { mode: 0o755 });
    const logPath = join(folder, 'output.log');
    const options = { name, host, port, folder, configPath, logPath, program };
    return { process: new RoleProcess(options), dataDir, disk, clockFile };
  }

  #addressLines(place: Place): string[] {
    const { places } = this.parts.topology;
    const isCoordinator = place.name === COORDINATOR;
    const addressOf = ({ host, port }: Place): string => `${host}:${port}`;
    const coordinator = places.filter(({ name }) => name === COORDINATOR).map(addressOf);
    const listed = places.filter(({ name }) =>
      isCoordinator ? name !== COORDINATOR : name === place.name,
    );
    return [
      `mode ${isCoordinator ? 'coordinator' : 'participant'}`,
      `coordinator_info ${coordinator.join()}`,
      ...listed.map((each) => `participant_info ${addressOf(each)}`),
      'reply_format redis',
      'log_level debug',
    ];
  }

  #script(place: Place, clockFile: string | undefined): string {
    const clock = { ...this.parts.abilities.fakeClock, FAKETIME_TIMESTAMP_FILE: clockFile };
    const set = Object.entries(clockFile === undefined ? {} : clock);
    const environment = set.map(([key, value]) => `'${key}=${value ?? ''}'`);
    const server = [process.execPath, this.parts.main ?? MAIN];
    const words = [...place.enter, `$${WRAP_VARIABLE}`, 'env', ...environment, ...server];
    return `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`;
  }
}

function clusterLines(info: ClusterInfo): string {
  const shown = ['state', 'condition', 'view_number', 'view_size', 'epoch'];
  const lines = shown.map((name) => `${name}:${info.fields[name] ?? '?'}`);
  const participants = info.participants.map(({ address, fields }) => {
    const rest = Object.entries(fields).map(([key, value]) => `${key}=${value}`);
    return `${address} ${rest.join(',')}`;
  });
  return [...lines, ...participants].join('\n');
}
