/**
 * Everything is killed and started again in every order, some of it while writes were under way.
 * After each round every acknowledged value is there.
 */
import { join } from 'node:path';
import { expect } from 'chai';
import { isWhole } from '../helpers/cluster-info.js';
import { type Cluster, makeCluster } from '../helpers/processes.js';
import { Recorder } from '../helpers/recorder.js';

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((first) =>
    permutations(items.filter((item) => item !== first)).map((rest) => [first, ...rest]),
  );
}

describe('all processes killed and started again', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let recorder: Recorder;

  before(async () => {
    cluster = await makeCluster({ shared: true });
    await cluster.start();
    recorder = new Recorder({
      host: cluster.coordinator.host,
      port: cluster.coordinator.port,
      journalPath: join(cluster.folder, 'journal'),
      writers: 2,
      keysPerWriter: 50,
      pauseMs: 1,
    });
  });
  after(async () => {
    await recorder.stop();
    await cluster.end();
  });

  it('serves every acknowledged value after a start in each of the 24 orders', async () => {
    recorder.start();
    for (const order of permutations(cluster.roles)) {
      await recorder.progress(10);
      await cluster.kill9();
      for (const role of order) await role.start();
      await cluster.waitForInfo(isWhole);
      const names = order.map(({ name }) => name).join(', ');
      expect(await recorder.lost(), `started in the order ${names}`).to.deep.equal([]);
    }
    await recorder.stop();
    expect(await recorder.lost()).to.deep.equal([]);
  });

  it('goes on after the coordinator was killed ten times in a row', async () => {
    const client = cluster.client();
    for (let round = 0; round < 10; round += 1) {
      await client.set('rounds', String(round));
      await cluster.coordinator.kill9();
      await cluster.coordinator.start();
      expect(await client.get('rounds')).to.equal(String(round));
    }
  });

  it('keeps its data when everything stops on SIGTERM', async () => {
    const client = cluster.client();
    await cluster.waitForInfo(isWhole);
    await client.set('stopped', 'kept');
    await cluster.stop();
    await cluster.start();
    expect(await client.get('stopped')).to.equal('kept');
  });
});
