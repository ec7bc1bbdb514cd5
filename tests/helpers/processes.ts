/**
 * Whole clusters of real processes for tests: each role has a folder of its own in a temporary
 * folder, with its configuration file and its data, and a free loopback port. Clusters end with
 * the test that made them, or, when marked as shared, with the suite; nothing survives the run.
 * When a test fails, the last lines of every process are printed.
 */
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type ClusterInfo, isWhole, parseInfo } from './cluster-info.js';
import { freePorts } from './free-ports.js';
import { oneShot, type OneShotOptions } from './one-shot.js';
import { RespConnection, textOf } from './resp-connection.js';
import { RoleProcess, type StartOptions } from './role-process.js';

/** Lines of the configuration; `undefined` leaves a line out that is there by default. */
export type Settings = Readonly<Record<string, string | number | undefined>>;

export interface ClusterOptions {
  readonly participants?: number;
  /** For every role. */
  readonly settings?: Settings;
  /** For one role, by its name: `coordinator`, `participant1`, … */
  readonly roleSettings?: Readonly<Record<string, Settings>>;
  /** Ends with the suite instead of with the test. */
  readonly shared?: boolean;
  /** Where the temporary folder is made. */
  readonly parentFolder?: string;
}

const HOST = '127.0.0.1';
const INFO_POLL_MS = 40;
const INFO_TIMEOUT_MS = 15_000;
const TAIL_LINES = 40;

const clusters = new Set<Cluster>();

function settingLines(settings: Settings): string {
  return Object.entries(settings)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key} ${value}\n`)
    .join('');
}

export class Cluster {
  readonly folder: string;
  readonly coordinator: RoleProcess;
  readonly participants: readonly RoleProcess[];
  readonly shared: boolean;
  readonly #password: string | undefined;
  readonly #clients: Redis[] = [];

  constructor(ports: readonly number[], options: ClusterOptions) {
    this.folder = mkdtempSync(join(options.parentFolder ?? tmpdir(), 'kv2pc-'));
    this.shared = options.shared ?? false;
    const password = options.settings?.['requirepass'];
    this.#password = password === undefined ? undefined : String(password);
    const addresses = ports.map((port) => `${HOST}:${port}`);
    const roles = ports.map((port, index) => this.#makeRole(index, port, addresses, options));
    const [coordinator, ...participants] = roles;
    if (coordinator === undefined) throw new Error('a cluster needs ports');
    this.coordinator = coordinator;
    this.participants = participants;
    clusters.add(this);
  }

  get roles(): readonly RoleProcess[] {
    return [this.coordinator, ...this.participants];
  }

  /** The participant with this number, counted from 1 as in its name. */
  participant(number: number): RoleProcess {
    const role = this.participants[number - 1];
    if (role === undefined) throw new Error(`there is no participant ${number}`);
    return role;
  }

  /** Starts whatever does not run and waits until every participant is a member. */
  async start(options: StartOptions = {}): Promise<ClusterInfo> {
    try {
      const missing = this.roles.filter((role) => !role.isRunning);
      await Promise.all(missing.map((role) => role.start(options)));
      return await this.waitForInfo(isWhole);
    } catch (error) {
      throw new Error(`the cluster did not start\n${this.tails()}`, { cause: error });
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.roles.filter((role) => role.isRunning).map((role) => role.stop()));
  }

  async kill9(...roles: readonly RoleProcess[]): Promise<void> {
    await Promise.all((roles.length > 0 ? roles : this.roles).map((role) => role.kill9()));
  }

  /** Removes a stopped role's data, as a replaced disk would. */
  wipe(role: RoleProcess): void {
    if (role.isRunning) throw new Error(`${role.name} runs; its data cannot be wiped`);
    rmSync(join(role.folder, 'data'), { recursive: true, force: true });
  }

  /** An ioredis client with default options. */
  client(): Redis {
    const client = new Redis({
      host: HOST,
      port: this.coordinator.port,
      ...(this.#password === undefined ? {} : { password: this.#password }),
    });
    client.on('error', () => undefined);
    this.#clients.push(client);
    return client;
  }

  connection(): Promise<RespConnection> {
    return RespConnection.open(HOST, this.coordinator.port);
  }

  /** One connection, these bytes, what came back. */
  raw(bytes: Buffer | string, options?: OneShotOptions): Promise<Buffer> {
    return oneShot(HOST, this.coordinator.port, bytes, options);
  }

  async info(): Promise<ClusterInfo> {
    const connection = await this.connection();
    try {
      if (this.#password !== undefined) textOf(await connection.command('AUTH', this.#password));
      return parseInfo(textOf(await connection.command('INFO')));
    } finally {
      connection.close();
    }
  }

  /** Asks INFO until it satisfies the predicate; connections may fail meanwhile. */
  async waitForInfo(
    predicate: (info: ClusterInfo) => boolean,
    timeoutMs = INFO_TIMEOUT_MS,
  ): Promise<ClusterInfo> {
    const deadline = performance.now() + timeoutMs;
    let last = 'INFO was never answered';
    while (performance.now() < deadline) {
      try {
        const info = await this.info();
        if (predicate(info)) return info;
        last = info.text;
      } catch (error) {
        last = String(error);
      }
      await delay(INFO_POLL_MS);
    }
    throw new Error(`INFO did not get there within ${timeoutMs} ms; the last one:\n${last}`);
  }

  /** Ends every process and removes the folder. */
  async end(): Promise<void> {
    clusters.delete(this);
    for (const client of this.#clients) client.disconnect();
    await Promise.all(this.roles.map((role) => role.kill9()));
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The last lines that each process printed. */
  tails(): string {
    return this.roles
      .map((role) => {
        const lines = role.output.trimEnd().split('\n').slice(-TAIL_LINES);
        return `--- ${role.name} (${role.isRunning ? 'running' : 'ended'})\n${lines.join('\n')}`;
      })
      .join('\n');
  }

  #makeRole(
    index: number,
    port: number,
    addresses: readonly string[],
    options: ClusterOptions,
  ): RoleProcess {
    const isCoordinator = index === 0;
    const name = isCoordinator ? 'coordinator' : `participant${index}`;
    const folder = join(this.folder, name);
    mkdirSync(folder);
    const listed = isCoordinator ? addresses.slice(1) : addresses.slice(index, index + 1);
    const configPath = join(folder, 'kv.conf');
    writeFileSync(
      configPath,
      `!\n! made by a test\nmode ${isCoordinator ? 'coordinator' : 'participant'}\n` +
        `coordinator_info ${addresses[0] ?? ''}\n` +
        listed.map((address) => `participant_info ${address}\n`).join('') +
        settingLines({
          ...(isCoordinator ? { reply_format: 'redis' } : {}),
          ...options.settings,
          ...options.roleSettings?.[name],
        }),
    );
    return new RoleProcess({
      name,
      host: HOST,
      port,
      folder,
      configPath,
      logPath: join(folder, 'output.log'),
    });
  }
}

export async function makeCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const ports = await freePorts(1 + (options.participants ?? 3));
  return new Cluster(ports, options);
}

async function endClusters(which: (cluster: Cluster) => boolean): Promise<void> {
  await Promise.all([...clusters].filter(which).map((cluster) => cluster.end()));
}

/** Under mocha this module cleans up by itself; programs call `end` on what they made. */
if (typeof globalThis.afterEach === 'function') {
  afterEach('end the processes of the test', async function () {
    this.timeout(30_000);
    if (this.currentTest?.state === 'failed') {
      for (const cluster of clusters) console.error(cluster.tails());
    }
    await endClusters((cluster) => !cluster.shared);
  });
  after('end all processes', async function () {
    this.timeout(30_000);
    await endClusters(() => true);
  });
}
