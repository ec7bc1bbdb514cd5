/**
 * Participants added to the configuration, removed from it and moved to another address, each by
 * an edited file and a restart; and how few participants are enough to write.
 */
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { isServing, isWhole } from '../helpers/cluster-info.js';
import { ask, dataFolderOf, editConfig } from '../helpers/data-folders.js';
import { freePorts } from '../helpers/free-ports.js';
import { type Cluster, makeCluster } from '../helpers/processes.js';
import { RoleProcess } from '../helpers/role-process.js';

const SETTINGS = { heartbeat_interval: '100ms', failure_timeout: '500ms', recovery_wait: '900ms' };
const KEYS = 10;

describe('a changed configuration', function () {
  this.timeout(30_000);
  let cluster: Cluster;

  beforeEach(async () => {
    cluster = await makeCluster({ settings: SETTINGS });
  });

  function lineOf(address: string): string {
    return `participant_info ${address}\n`;
  }

  function removeLine(role: RoleProcess): void {
    editConfig(cluster.coordinator, (text) => text.replace(lineOf(role.address), ''));
  }

  function addLine(address: string): void {
    editConfig(cluster.coordinator, (text) => text + lineOf(address));
  }

  async function restartCoordinator(): Promise<void> {
    await cluster.coordinator.stop();
    await cluster.coordinator.start();
  }

  async function write(value: string): Promise<void> {
    const client = cluster.client();
    for (let key = 0; key < KEYS; key += 1) await client.set(`k${key}`, value);
  }

  async function expectData(value: string): Promise<void> {
    const client = cluster.client();
    for (let key = 0; key < KEYS; key += 1) expect(await client.get(`k${key}`)).to.equal(value);
  }

  /** Only this one is left to read from. */
  async function expectDataFrom(reader: RoleProcess, value: string): Promise<void> {
    await cluster.kill9(...cluster.participants.filter((role) => role !== reader));
    await cluster.waitForInfo(isServing);
    await expectData(value);
  }

  it('fills a participant whose line was added, and makes it a member', async () => {
    const added = cluster.participant(3);
    removeLine(added);
    const before = await cluster.start();
    expect(before.participants.map(({ address }) => address)).not.to.include(added.address);
    await write('grown');
    addLine(added.address);
    await restartCoordinator();
    const after = await cluster.waitForInfo(isWhole);
    expect(after.fields['view_size']).to.equal('3');
    await expectDataFrom(added, 'grown');
  });

  it('lets a participant whose line was removed go, by a view that lasts', async () => {
    const removed = cluster.participant(3);
    const before = await cluster.start();
    await write('before');
    removeLine(removed);
    await restartCoordinator();
    const shrunk = await cluster.waitForInfo(({ fields }) => fields['view_size'] === '2');
    expect(Number(shrunk.fields['view_number'])).to.be.greaterThan(
      Number(before.fields['view_number']),
    );
    await write('after');
    // Nobody waits for the removed one any more, not even after the log is lost.
    await cluster.kill9();
    cluster.wipe(cluster.coordinator);
    for (const role of cluster.roles) if (role !== removed) await role.start();
    await cluster.waitForInfo(isWhole);
    await expectData('after');
  });

  it('does not let the last holder of the data be removed, and names it', async () => {
    const holder = cluster.participant(1);
    await cluster.start();
    await write('before');
    await cluster.kill9(...cluster.participants.slice(1));
    await cluster.waitForInfo(isServing);
    await cluster
      .client()
      .set('k0', 'x')
      .catch(() => undefined);
    await write('held by one');
    await cluster.coordinator.stop();
    removeLine(holder);
    await cluster.coordinator.start();
    for (const role of cluster.participants.slice(1)) await role.start();
    const info = await cluster.waitForInfo(({ fields }) =>
      (fields['condition'] ?? '').includes(holder.address),
    );
    expect(info.fields['loading']).to.equal('1');
    const reply = await ask(cluster.coordinator, 'GET', 'k1');
    expect(reply)
      .to.match(/^-LOADING/)
      .and.to.include(holder.address);
    addLine(holder.address);
    await restartCoordinator();
    await cluster.waitForInfo(isWhole);
    await expectDataFrom(cluster.participant(2), 'held by one');
  });

  it('knows a participant that moved to another address by its store', async () => {
    const moving = cluster.participant(2);
    const before = await cluster.start();
    await write('moved');
    await cluster.stop();
    const [port = 0] = await freePorts(1);
    const { name, host, folder, configPath } = moving;
    const logPath = join(folder, 'moved.log');
    const moved = new RoleProcess({ name, host, port, folder, configPath, logPath });
    for (const role of [moving, cluster.coordinator]) {
      editConfig(role, (text) => text.replace(lineOf(moving.address), lineOf(moved.address)));
    }
    const old = dataFolderOf(moving);
    renameSync(old, old.replace(String(moving.port), String(port)));
    try {
      await Promise.all([cluster.coordinator, moved].map((role) => role.start()));
      await cluster.participant(1).start();
      await cluster.participant(3).start();
      const after = await cluster.waitForInfo(isWhole);
      const stores = after.participants.map(({ fields }) => fields['store']);
      expect(stores).to.deep.equal(before.participants.map(({ fields }) => fields['store']));
      expect(after.fields['rejoins'], 'it held everything').to.equal('0');
      expect(readdirSync(join(folder, 'data')), 'no folder was made anew').to.have.length(1);
      await cluster.kill9(cluster.participant(1), cluster.participant(3));
      await cluster.waitForInfo(isServing);
      await expectData('moved');
    } finally {
      await moved.kill9();
    }
  });

  it('asks for as many participants as min_participants says before it writes', async () => {
    await cluster.start();
    await write('enough');
    await cluster.coordinator.stop();
    editConfig(cluster.coordinator, (text) => `${text}min_participants 2\n`);
    await cluster.coordinator.start();
    await cluster.waitForInfo(isWhole);
    await cluster.kill9(cluster.participant(1));
    await cluster.waitForInfo(
      ({ participants }) => participants.filter(({ state }) => state === 'member').length === 2,
    );
    const client = cluster.client();
    // Whoever finds the loss out may be told that the outcome is unknown.
    await client.set('k0', 'enough').catch(() => undefined);
    expect(await client.set('k0', 'enough'), 'two are enough').to.equal('OK');
    await cluster.kill9(cluster.participant(2));
    await cluster.waitForInfo(
      ({ participants }) => participants.filter(({ state }) => state === 'member').length === 1,
    );
    expect(await ask(cluster.coordinator, 'SET', 'k1', 'too few')).to.match(/^-NOREPLICAS /);
    expect(await ask(cluster.coordinator, 'DEL', 'k1')).to.match(/^-NOREPLICAS /);
    await expectData('enough');
  });
});
