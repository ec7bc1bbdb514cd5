/**
 * A cluster of real processes with one good client, among clients and strangers that misuse
 * connections. Measures what each process has grown by, and whether all of it is given back.
 *
 * Invariant: `rest` ends all that `badClients` made.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { bytesOf } from '../../src/base/bytes.js';
import { MAX_UNPROVED_PEERS } from '../../src/io/unproved-peers.js';
import { encodeRequest } from '../../src/rpc/codec.js';
import { MAX_UNPROVED_BYTES } from '../../src/rpc/limits.js';
import { type ClusterInfo, isWhole } from '../helpers/cluster-info.js';
import { type Cluster, type ClusterOptions, makeCluster } from '../helpers/processes.js';
import { type ProcessUsage, usageOf } from '../helpers/process-usage.js';
import type { RespConnection } from '../helpers/resp-connection.js';
import type { RoleProcess } from '../helpers/role-process.js';
import { hello } from '../unit/participant/participant-driver.js';
import { BadClients, type Target } from './bad-clients.js';

const KIB = 1024;
const MIB = 1024 * KIB;
/** That may wait for a client who does not read them. */
export const PENDING_REPLY_BYTES = MIB;
/** How long anybody else may wait for an answer, on a machine that is busy with other things. */
export const PATIENCE_MS = 8000;
const SETTINGS = {
  max_pending_reply_bytes: PENDING_REPLY_BYTES,
  cluster_secret: 'known-to-three',
  // A busy machine is no reason to call a participant dead.
  failure_timeout: '4s',
  request_timeout: '9s',
};
/** A new segment, a checkpoint, the connection of an INFO that has just been asked. */
const SPARE_FILES = 8;
const POLL_MS = 40;
/** A connection with all that Node and this program keep for one that says little. */
export const CONNECTION_BYTES = 40 * KIB;
/** What the engine has not collected yet behind a test of some seconds. */
export const GARBAGE_BYTES = 64 * MIB;
/** One port full of strangers, each of whom has sent all that it may. */
export const STRANGERS_BYTES =
  MAX_UNPROVED_PEERS * (CONNECTION_BYTES + MAX_UNPROVED_BYTES) + GARBAGE_BYTES;

export class BesiegedCluster {
  private good: RespConnection | null = null;
  private written = 0;
  private readonly bad: BadClients[] = [];
  private earlier = new Map<RoleProcess, ProcessUsage>();
  private view: string | undefined;

  private constructor(readonly cluster: Cluster) {}

  static async start({ settings, ...others }: ClusterOptions): Promise<BesiegedCluster> {
    const options = { shared: true, participants: 2, ...others };
    const cluster = await makeCluster({ ...options, settings: { ...SETTINGS, ...settings } });
    await cluster.start();
    const besieged = new BesiegedCluster(cluster);
    await besieged.serves(20);
    return besieged;
  }

  /** Of the good client. */
  async command(...words: readonly (string | Buffer)[]): Promise<unknown> {
    this.good ??= await this.cluster.connection();
    return this.good.command(...words);
  }

  /** Writes and reads back, each within the patience. */
  async serves(times: number): Promise<void> {
    for (let i = 0; i < times; i += 1) {
      this.written += 1;
      const startedAt = performance.now();
      const value = `value ${this.written}`;
      expect(String(await this.command('SET', 'good', value))).to.equal('OK');
      expect(String(await this.command('GET', 'good'))).to.equal(value);
      expect(performance.now() - startedAt, 'ms for SET and GET').to.be.below(PATIENCE_MS);
    }
  }

  /** A coordinator that needs every connection anew. */
  async restartCoordinator(): Promise<void> {
    const { coordinator } = this.cluster;
    await coordinator.kill9();
    this.good?.close();
    this.good = null;
    await this.cluster.start();
    // A start makes a view of its own.
    const { fields } = await this.cluster.waitForInfo(isWhole);
    this.view = fields['view_number'];
    this.earlier.set(coordinator, usageOf(coordinator.pid));
  }

  badClients(target: Target): BadClients {
    const clients = new BadClients(target);
    this.bad.push(clients);
    return clients;
  }

  /** One that is welcomed; what must follow, a stranger cannot say. */
  soundHello(): Buffer {
    const { address } = this.cluster.coordinator;
    return bytesOf(encodeRequest(hello({ clusterId: '', coordinator: address })));
  }

  /** What is compared with later. */
  async remember(): Promise<void> {
    this.view = (await this.cluster.info()).fields['view_number'];
    this.earlier = new Map(this.cluster.roles.map((role) => [role, usageOf(role.pid)]));
  }

  /** Memory beyond what was remembered. */
  growthOf(role: RoleProcess): number {
    return usageOf(role.pid).residentBytes - this.remembered(role).residentBytes;
  }

  newFilesOf(role: RoleProcess): number {
    return usageOf(role.pid).openFiles - this.remembered(role).openFiles;
  }

  expectGrowthBelow(bytes: number, ...roles: readonly RoleProcess[]): void {
    for (const role of roles) {
      expect(this.growthOf(role), `bytes that ${role.name} has grown by`).to.be.below(bytes);
    }
  }

  /** The bad ones leave, and everything is as it was. */
  async rest(): Promise<void> {
    for (const clients of this.bad.splice(0)) clients.reset();
    await this.serves(5);
    const info = await this.cluster.waitForInfo(onlyTheGoodOneIsLeft);
    expect(info.fields['state']).to.equal('serving');
    expect(info.fields['view_number'], 'nobody left').to.equal(this.view);
    await this.filesAreClosed();
    for (const role of this.cluster.roles) {
      expect(role.isRunning).to.equal(true);
      expect(role.output).not.to.match(/fault in this program/);
    }
  }

  private async filesAreClosed(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    for (const role of this.cluster.roles) {
      while (this.newFilesOf(role) > SPARE_FILES && performance.now() < deadline) {
        await delay(POLL_MS);
      }
      expect(this.newFilesOf(role), `files left open by ${role.name}`).to.be.at.most(SPARE_FILES);
    }
  }

  private remembered(role: RoleProcess): ProcessUsage {
    const usage = this.earlier.get(role);
    if (usage === undefined) throw new Error(`nothing is remembered of ${role.name}`);
    return usage;
  }
}

function onlyTheGoodOneIsLeft({ fields }: ClusterInfo): boolean {
  return Number(fields['connected_clients']) <= 2;
}
