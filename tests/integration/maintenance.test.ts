/**
 * What operators do on purpose while clients go on: a new release brought in process by process,
 * a participant backed up and restored beside the others. And the case in which all backups
 * together are too old.
 */
import { join } from 'node:path';
import { expect } from 'chai';
import { isServing, isWhole } from '../helpers/cluster-info.js';
import { ask, backUp, restore } from '../helpers/data-folders.js';
import { makeLaterRelease } from '../helpers/later-release.js';
import { type Cluster, makeCluster } from '../helpers/processes.js';
import { Recorder } from '../helpers/recorder.js';
import { RespConnection, textOf } from '../helpers/resp-connection.js';
import { RoleProcess } from '../helpers/role-process.js';

const LATER = '99.0.0';

describe('maintenance under writes', function () {
  this.timeout(60_000);
  let cluster: Cluster;
  let recorder: Recorder;

  beforeEach(async () => {
    cluster = await makeCluster();
    await cluster.start();
    recorder = new Recorder({
      host: cluster.coordinator.host,
      port: cluster.coordinator.port,
      journalPath: join(cluster.folder, 'journal'),
      writers: 2,
      pauseMs: 1,
    });
    recorder.start();
    await recorder.progress(20);
  });
  afterEach(() => recorder.stop());

  /** On a busy machine an answer may come too late to be known; a refusal has no such excuse. */
  function expectNoRefusal(): void {
    expect(recorder.report().refusals).to.deep.equal([]);
  }

  async function versionOf({ host, port }: RoleProcess): Promise<string | undefined> {
    const connection = await RespConnection.open(host, port);
    const info = textOf(await connection.command('INFO', 'server'));
    connection.close();
    return /^kvstore2pcsystem_version:(.*)\r$/m.exec(info)?.[1];
  }

  it('brings a later release in, participants first, and the coordinator last', async () => {
    const program = makeLaterRelease(cluster.folder, LATER);
    const upgraded: RoleProcess[] = [];
    try {
      for (const role of [...cluster.participants, cluster.coordinator]) {
        await cluster.waitForInfo(isWhole);
        if (role === cluster.coordinator) expectNoRefusal();
        await recorder.progress(20);
        await role.stop();
        const { name, host, port, folder, configPath, logPath } = role;
        const later = new RoleProcess({ name, host, port, folder, configPath, logPath, program });
        upgraded.push(later);
        await later.start();
        expect(await versionOf(later), name).to.equal(LATER);
      }
      await cluster.waitForInfo(isWhole);
      await recorder.progress(20);
      await recorder.stop();
      expect(await recorder.lost()).to.deep.equal([]);
    } finally {
      await Promise.all(upgraded.map((role) => role.kill9()));
    }
  });

  it('backs up a participant while the others serve, and catches up when that is restored', async () => {
    const victim = cluster.participant(2);
    const copy = join(cluster.folder, 'backup');
    await victim.stop();
    backUp(victim, copy);
    await recorder.progress(20);
    await victim.start();
    await cluster.waitForInfo(isWhole);
    await recorder.progress(20);
    await victim.kill9();
    restore(victim, copy);
    await recorder.progress(20);
    await victim.start();
    await cluster.waitForInfo(isWhole);
    await recorder.progress(20);
    await recorder.stop();
    expectNoRefusal();
    await cluster.kill9(...cluster.participants.filter((role) => role !== victim));
    await cluster.waitForInfo(isServing);
    expect(await recorder.lost(), 'read from the restored one').to.deep.equal([]);
  });
});

describe('backups that are all too old', function () {
  this.timeout(30_000);

  it('are refused, as what is acknowledged is missing, until an operator forces one', async () => {
    const settings = { heartbeat_interval: '100ms', failure_timeout: '500ms' };
    const cluster = await makeCluster({ participants: 2, settings });
    const { coordinator, participants } = cluster;
    await cluster.start();
    expect(await ask(coordinator, 'SET', 'k', 'old')).to.equal('OK');
    await cluster.stop();
    for (const role of participants) backUp(role, join(cluster.folder, `backup-${role.name}`));
    await cluster.start();
    expect(await ask(coordinator, 'SET', 'k', 'new')).to.equal('OK');
    await cluster.stop();
    for (const role of participants) restore(role, join(cluster.folder, `backup-${role.name}`));
    await Promise.all(cluster.roles.map((role) => role.start()));
    const reason = /no member of view \d+ holds everything/;
    const told = await cluster.waitForInfo(({ fields }) => reason.test(fields['condition'] ?? ''));
    expect(told.fields['loading']).to.equal('1');
    expect(await ask(coordinator, 'GET', 'k'))
      .to.match(/^-LOADING /)
      .and.match(reason);
    await coordinator.stop();
    const forced = cluster.participant(1).address;
    await coordinator.start({ words: ['--force_view', forced, '--yes'] });
    await cluster.waitForInfo(isWhole);
    expect(await ask(coordinator, 'GET', 'k')).to.equal('old');
  });
});
