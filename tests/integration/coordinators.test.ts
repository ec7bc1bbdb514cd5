/**
 * Coordinators that must not be: one that stood still while another one took its participants, and
 * one whose participants belong to different clusters. What each says at its end, and what then
 * brings one whole cluster back.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { isWhole, parseInfo, stateOf } from '../helpers/cluster-info.js';
import { ask, editConfig } from '../helpers/data-folders.js';
import { type Cluster, makeCluster } from '../helpers/processes.js';
import { RespConnection, textOf } from '../helpers/resp-connection.js';
import { RoleProcess } from '../helpers/role-process.js';

const FAILURE_TIMEOUT_MS = 500;
const SETTINGS = {
  heartbeat_interval: '100ms',
  failure_timeout: `${FAILURE_TIMEOUT_MS}ms`,
  recovery_wait: '900ms',
};

describe('a coordinator that another one replaced', function () {
  this.timeout(30_000);
  let cluster: Cluster;

  beforeEach(async () => {
    cluster = await makeCluster({ participants: 2, settings: SETTINGS });
    await cluster.start();
  });

  /** Beside the first one, at another address of the host, with a folder of its own. */
  function makeSecond(): RoleProcess {
    const { configPath, port } = cluster.coordinator;
    const folder = join(cluster.folder, 'second');
    mkdirSync(folder);
    const options = { name: 'second', host: '127.0.0.2', port, folder };
    const second = { configPath: join(folder, 'kv.conf'), logPath: join(folder, 'output.log') };
    const text = readFileSync(configPath, 'utf8');
    writeFileSync(second.configPath, `${text}bind ${options.host}\n`);
    return new RoleProcess({ ...options, ...second });
  }

  /** Until the participant counts its coordinator as silent. */
  async function waitForSilence({ host, port }: RoleProcess): Promise<void> {
    const connection = await RespConnection.open(host, port);
    let heardMsAgo = 0;
    while (heardMsAgo <= FAILURE_TIMEOUT_MS) {
      const info = parseInfo(textOf(await connection.command('INFO', 'cluster')));
      heardMsAgo = Number(info.fields['heard_ms_ago']);
    }
    connection.close();
  }

  it('S16, H20: exits 1, says who took over, and may be started again later', async () => {
    const { coordinator } = cluster;
    const second = makeSecond();
    const epochOf = async (process: RoleProcess): Promise<number> =>
      Number((await process.waitForLine(/epoch begins .*?epoch=(\d+)/))[1]);
    expect(await ask(coordinator, 'SET', 'k', 'first')).to.equal('OK');
    const own = await epochOf(coordinator);
    coordinator.pause();
    try {
      await Promise.all(cluster.participants.map(waitForSilence));
      await second.start();
      const epoch = await epochOf(second);
      await second.waitForLine(/ serving/);
      expect(await ask(second, 'SET', 'k', 'second')).to.equal('OK');
      const ended = coordinator.waitForExit();
      coordinator.resume();
      expect(await ended).to.deep.equal({ code: 1, signal: null });
      expect(coordinator.errorOutput.trimEnd().split('\n')).to.have.length(1);
      expect(coordinator.errorOutput)
        .to.include(`another coordinator took over (epoch ${epoch} at 127.0.0.1:`)
        .and.include(`ours is ${own})`);
      expect(await ask(second, 'GET', 'k')).to.equal('second');
    } finally {
      await second.kill9();
    }
    await coordinator.start();
    await cluster.waitForInfo(isWhole);
    expect(await ask(coordinator, 'GET', 'k')).to.equal('second');
  });
});

describe('a coordinator with participants of two clusters', function () {
  this.timeout(40_000);

  async function makeUsed(value: string): Promise<{ cluster: Cluster; id: string }> {
    const cluster = await makeCluster({ participants: 2, settings: SETTINGS });
    const info = await cluster.start();
    expect(await ask(cluster.coordinator, 'SET', 'k', value)).to.equal('OK');
    await cluster.stop();
    return { cluster, id: info.fields['cluster_id'] ?? '' };
  }

  it('S50: exits 1 and names both, until the foreign ones are set aside', async () => {
    const [own, other] = await Promise.all([makeUsed('ours'), makeUsed('theirs')]);
    const { coordinator } = own.cluster;
    own.cluster.wipe(coordinator);
    for (const role of other.cluster.participants) {
      editConfig(role, (text) =>
        text.replace(other.cluster.coordinator.address, coordinator.address),
      );
      editConfig(coordinator, (text) => `${text}participant_info ${role.address}\n`);
    }
    const firsts = [own.cluster.participant(1), other.cluster.participant(1)];
    const seconds = [own.cluster.participant(2), other.cluster.participant(2)];
    await Promise.all([coordinator, ...firsts].map((role) => role.start()));
    // Nobody's view is complete yet, so both have answered before anything can be decided.
    await own.cluster.waitForInfo((info) =>
      firsts.every(({ address }) => stateOf(info, address) === 'new'),
    );
    const ended = coordinator.waitForExit();
    await Promise.all(seconds.map((role) => role.start()));
    expect(await ended).to.deep.equal({ code: 1, signal: null });
    const said = coordinator.errorOutput;
    expect(said.trimEnd().split('\n'), said).to.have.length(1);
    expect(said).to.include('participants of different clusters are configured: ');
    expect(said).to.include(own.id).and.include(other.id);
    await other.cluster.stop();
    await Promise.all(
      other.cluster.participants.map((role) => role.start({ words: ['--set_aside'] })),
    );
    await coordinator.start();
    const info = await own.cluster.waitForInfo(isWhole);
    expect(info.fields['view_size']).to.equal('4');
    expect(await ask(coordinator, 'GET', 'k')).to.equal('ours');
  });
});
