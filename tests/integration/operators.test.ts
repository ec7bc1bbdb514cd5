/**
 * What operators do when disks or folders are gone: damaged logs refused and set aside, a
 * coordinator without its folder, an override after the loss of the last view, backups restored,
 * and logs read with `--dump_log`.
 */
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { isServing, isWhole, stateOf } from '../helpers/cluster-info.js';
import {
  ask,
  backUp,
  dataFolderOf,
  restore,
  rotLog,
  setAsideFolders,
} from '../helpers/data-folders.js';
import { type Cluster, makeCluster } from '../helpers/processes.js';
import { PROGRAM, PROJECT_ROOT } from '../helpers/project-root.js';
import type { RoleProcess } from '../helpers/role-process.js';
import { run, runConfig, type RunResult } from '../helpers/run-program.js';

const SETTINGS = { heartbeat_interval: '100ms', failure_timeout: '500ms', recovery_wait: '900ms' };
const KEYS = 16;

function secondsNow(): number {
  return Math.floor(Date.now() / 1000);
}

function expectOneLine(result: RunResult, ...words: readonly string[]): void {
  expect(result.code, result.stderr).to.equal(1);
  expect(result.stderr.trimEnd().split('\n'), result.stderr).to.have.length(1);
  for (const word of words) expect(result.stderr).to.include(word);
}

describe('operators', function () {
  this.timeout(40_000);
  let cluster: Cluster;
  let round = 0;

  before(async () => {
    cluster = await makeCluster({ shared: true, settings: SETTINGS });
    await cluster.start();
  });
  after(() => cluster.end());

  /** Every test has data of its own in all logs. */
  beforeEach(async () => {
    await cluster.start();
    round += 1;
    const client = cluster.client();
    for (let key = 0; key < KEYS; key += 1) await client.set(`k${key}`, value(key));
  });

  function value(key: number): string {
    return `round ${round}, key ${key}`;
  }

  async function expectData(why: string): Promise<void> {
    const client = cluster.client();
    for (let key = 0; key < KEYS; key += 1) {
      expect(await client.get(`k${key}`), why).to.equal(value(key));
    }
  }

  async function expectDataFrom(reader: RoleProcess): Promise<void> {
    await cluster.kill9(...cluster.participants.filter((role) => role !== reader));
    await cluster.waitForInfo(isServing);
    await expectData(`read from ${reader.name}`);
  }

  function others(role: RoleProcess): RoleProcess[] {
    return cluster.participants.filter((other) => other !== role);
  }

  it('are told of a participant’s rotten log, and may have it set aside and refilled', async () => {
    const victim = cluster.participant(1);
    await victim.kill9();
    const rotten = rotLog(victim);
    const refused = await runConfig(victim.configPath);
    expectOneLine(refused, rotten, '--set_aside');
    expect(refused.stderr).to.match(/at byte \d+/);
    expectOneLine(await runConfig(victim.configPath), rotten);
    await victim.start({ words: ['--set_aside'] });
    await victim.waitForLine(/the data folder was set aside/);
    await cluster.waitForInfo(isWhole);
    expect(setAsideFolders(victim)).to.have.length(1);
    await expectDataFrom(victim);
  });

  it('may take a coordinator’s rotten log away, if they say yes', async () => {
    const { coordinator } = cluster;
    await coordinator.kill9();
    const rotten = rotLog(coordinator);
    const refused = await runConfig(coordinator.configPath);
    expectOneLine(refused, rotten, '--set_aside --yes');
    expect(refused.stderr).to.match(/at byte \d+/);
    expectOneLine(await runConfig(coordinator.configPath, '--set_aside'), '--yes');
    expect(setAsideFolders(coordinator)).to.deep.equal([]);
    await coordinator.start({ words: ['--set_aside', '--yes'] });
    await cluster.waitForInfo(isWhole);
    expect(setAsideFolders(coordinator)).to.have.length(1);
    await expectData('after the log was set aside');
  });

  it('lose nothing with a coordinator’s folder, once all of the last view answer', async () => {
    const { coordinator } = cluster;
    const missing = cluster.participant(3);
    await cluster.kill9(coordinator, missing);
    cluster.wipe(coordinator);
    await coordinator.start();
    const names = new RegExp(`needs an answer from ${missing.address} `);
    await cluster.waitForInfo((info) => names.test(info.fields['condition'] ?? ''));
    const reply = await ask(coordinator, 'GET', 'k1');
    expect(reply)
      .to.match(/^-LOADING/)
      .and.to.match(names);
    expect((await cluster.info()).fields['loading']).to.equal('1');
    await missing.start();
    await cluster.waitForInfo(isWhole);
    await expectData('with a new folder');
  });

  describe('after the loss of the whole last view', () => {
    const lost = 1;
    const forced = 2;

    beforeEach(async () => {
      const sole = cluster.participant(lost);
      await cluster.kill9(...others(sole));
      await cluster.waitForInfo((info) => stateOf(info, sole.address) === 'member');
      const client = cluster.client();
      // The first write may end unknown; it makes the view shrink.
      await client.set('shrinks', 'view').catch(() => undefined);
      expect(await client.set('k1', 'only here')).to.equal('OK');
      const { fields } = await cluster.info();
      expect(fields['view_size']).to.equal('1');
      expect(fields['generation']).to.equal('0');
      await cluster.kill9(cluster.coordinator, sole);
      cluster.wipe(sole);
      await Promise.all(cluster.roles.map((role) => role.start()));
    });

    it('are told who is awaited, and may force a view at a price that is told', async () => {
      const { coordinator } = cluster;
      const startedAt = secondsNow();
      const truth = cluster.participant(forced).address;
      const names = new RegExp(`needs an answer from ${cluster.participant(lost).address} `);
      await cluster.waitForInfo((info) => names.test(info.fields['condition'] ?? ''));
      expect(await ask(coordinator, 'GET', 'k1'))
        .to.match(/^-LOADING/)
        .and.match(names);
      await coordinator.stop();
      const asked = await runConfig(coordinator.configPath, '--force_view', truth);
      const shrunk = cluster.participant(lost).address;
      expectOneLine(asked, truth, `(${shrunk})`, '--yes');
      expect(asked.stderr).to.match(/view \d+ \(.*decided up to \d+/);
      const unknown = await runConfig(coordinator.configPath, '--force_view', '127.0.0.1:9');
      expectOneLine(unknown, '127.0.0.1:9 is not a configured participant');
      const misplaced = [cluster.participant(lost).configPath, '--force_view', truth] as const;
      expectOneLine(await runConfig(...misplaced), '--force_view', 'coordinator');
      await coordinator.start({ words: ['--force_view', truth, '--yes'] });
      const info = await cluster.waitForInfo(isWhole);
      const generation = Number(info.fields['generation']);
      expect(generation, 'when it was forced').to.be.within(startedAt, secondsNow());
      await expectData('from the forced store');
      await coordinator.kill9();
      await coordinator.start();
      const later = await cluster.waitForInfo(isWhole);
      expect(later.fields['generation']).to.equal(String(generation));
      await expectDataFrom(cluster.participant(lost));
    });
  });

  it('cannot bring old data back with an old copy of a participant’s folder', async () => {
    const restored = cluster.participant(2);
    const copy = join(cluster.folder, `old-${round}`);
    await cluster.stop();
    backUp(restored, copy);
    await cluster.start();
    const client = cluster.client();
    for (let key = 0; key < KEYS; key += 1) await client.set(`k${key}`, 'newer');
    round += 1;
    for (let key = 0; key < KEYS; key += 1) await client.set(`k${key}`, value(key));
    await cluster.kill9();
    restore(restored, copy);
    await Promise.all([cluster.coordinator.start(), restored.start()]);
    const early = await ask(cluster.coordinator, 'GET', 'k1');
    expect(early, 'only the restored one is there').to.match(/^-/);
    await Promise.all(others(restored).map((role) => role.start()));
    await cluster.waitForInfo(isWhole);
    await expectData('after a restore');
    await expectDataFrom(restored);
  });

  it('are warned of a coordinator’s folder that was copied; all members are asked', async () => {
    const { coordinator } = cluster;
    const missing = cluster.participant(1);
    const copy = join(cluster.folder, `copy-${round}`);
    await coordinator.stop();
    backUp(coordinator, copy);
    restore(coordinator, copy);
    await missing.kill9();
    await coordinator.start();
    await coordinator.waitForLine(/warn.*this data folder was restored or copied/i);
    const names = new RegExp(`needs an answer from ${missing.address} `);
    await cluster.waitForInfo((info) => names.test(info.fields['condition'] ?? ''));
    // An answer takes longer than a start with a log of its own would wait for this one.
    expect(await ask(coordinator, 'GET', 'k1'))
      .to.match(/^-LOADING/)
      .and.to.match(names);
    await missing.start();
    await cluster.waitForInfo(isWhole);
    await expectData('from a copied folder');
    await coordinator.kill9();
    await coordinator.start();
    await cluster.waitForInfo(isWhole);
    expect(coordinator.output).not.to.include('restored or copied');
  });

  it('read logs as a table and as JSON, of processes that run and of stopped ones', async () => {
    await expectDumps(cluster);
    await cluster.stop();
    await expectDumps(cluster);
  });

  it('are told of a folder that is no data folder', async () => {
    const absent = join(cluster.folder, 'absent');
    expectOneLine(await run(PROGRAM, ['--dump_log', absent]), absent);
    expect(existsSync(absent)).to.equal(false);
  });
});

describe('a newer program', function () {
  this.timeout(20_000);

  it('serves what release 0.1.0 stored, with nothing but its folders', async () => {
    const cluster = await makeCluster({ participants: 1, settings: SETTINGS });
    const [participant] = cluster.participants;
    if (participant === undefined) return;
    for (const role of [cluster.coordinator, participant]) {
      const kind = role === participant ? 'participant' : 'coordinator';
      const target = join(role.folder, 'data', `${kind}-127.0.0.1-${role.port}`);
      cpSync(join(PROJECT_ROOT, 'tests/fixtures/data-0.1.0', kind), target, { recursive: true });
    }
    const info = await cluster.start();
    expect(info.fields['cluster_id']).to.equal('a3171fd1c2265f7c396ffaaa0ad2c7c5');
    expect(info.fields['decided_txid']).to.equal('29');
    const client = cluster.client();
    expect(await client.mget('fruit:3', 'fruit:24', 'words', 'empty', 'alone')).to.deep.equal([
      'changed',
      'value 24',
      'Cloud Computing',
      '',
      'yes',
    ]);
    expect(await client.mget('fruit:1', 'fruit:2', 'aborted')).to.deep.equal([null, null, null]);
    expect(await client.dbsize()).to.equal(25);
    expect(await client.set('alone', 'no longer')).to.equal('OK');
  });
});

async function expectDumps(cluster: Cluster): Promise<void> {
  for (const role of [cluster.coordinator, cluster.participant(1)]) {
    const folder = dataFolderOf(role);
    const table = await run(PROGRAM, ['--dump_log', folder]);
    expect(table.code, table.stderr).to.equal(0);
    expect(table.stdout).to.match(/^file +at +bytes +kind +epoch:txid\n/);
    expect(table.stdout).to.match(/^\d{8}\.log .* commit +\d+:\d+$/m);
    expect(table.stdout, 'values stay private').not.to.include('round ');
    const json = await run(PROGRAM, ['--dump_log', folder, '--json']);
    const lines = json.stdout.trimEnd().split('\n');
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const kinds = new Set(records.map(({ kind }) => kind));
    for (const kind of ['identity', 'header', 'epoch', 'view', 'commit']) {
      expect(kinds, role.name).to.include(kind);
    }
    expect(kinds.has('prepared')).to.equal(role !== cluster.coordinator);
    expect(kinds).not.to.include('damage');
  }
}
