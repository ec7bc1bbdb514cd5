/**
 * What clients are told while too few participants are there, and that a coordinator which stood
 * still blames nobody for it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { type ClusterInfo, isServing, isWhole } from '../helpers/cluster-info.js';
import { request } from '../helpers/one-shot.js';
import { type Cluster, makeCluster } from '../helpers/processes.js';

const LONGEST_REPLY_MS = 2500;
const COORDINATOR_PAUSE_MS = 2500;

function membersOf(info: ClusterInfo): number {
  return info.participants.filter(({ state }) => state === 'member').length;
}

describe('clients during an outage', function () {
  this.timeout(30_000);
  let cluster: Cluster;

  before(async () => {
    cluster = await makeCluster({
      shared: true,
      roleSettings: { coordinator: { min_participants: 2 } },
    });
    await cluster.start();
  });
  after(() => cluster.end());

  beforeEach(() => cluster.start());

  it('get an error, in time, when all participants are gone, and INFO all the while', async () => {
    await cluster.kill9(...cluster.participants);
    const slow = performance.now();
    const first = await cluster.raw(request('SET', 'k', 'v'), {
      until: (bytes) => bytes.includes('\r\n'),
    });
    expect(first.toString()).to.match(/^-/);
    expect(performance.now() - slow).to.be.lessThan(LONGEST_REPLY_MS);
    await cluster.waitForInfo((info) => membersOf(info) === 0);
    const quick = performance.now();
    const second = await cluster.raw(request('GET', 'k'), {
      until: (bytes) => bytes.includes('\r\n'),
    });
    expect(second.toString()).to.match(/^-/);
    expect(performance.now() - quick).to.be.lessThan(500);
  });

  it('may read and not write below min_participants', async () => {
    const client = cluster.client();
    await client.set('few', 'kept');
    await cluster.kill9(cluster.participant(1), cluster.participant(2));
    await cluster.waitForInfo((info) => membersOf(info) === 1);
    const set = (key: string): Promise<string> =>
      client.set(key, 'changed').catch((error: unknown) => String(error));
    // The first one may find out that they are gone, and then nobody can tell what became of it.
    expect(await set('other')).to.match(/Error/);
    expect(await set('few')).to.include('NOREPLICAS');
    expect(await client.get('few')).to.equal('kept');
    await cluster.start();
    expect(await client.set('few', 'changed')).to.equal('OK');
  });

  it('lose nobody from the view when the coordinator itself stood still', async () => {
    const before = await cluster.waitForInfo(isWhole);
    cluster.coordinator.pause();
    await delay(COORDINATOR_PAUSE_MS);
    cluster.coordinator.resume();
    const client = cluster.client();
    expect(await client.set('after', 'pause')).to.equal('OK');
    const after = await cluster.waitForInfo(isServing);
    expect(after.fields['view_number']).to.equal(before.fields['view_number']);
    expect(after.fields['view_size']).to.equal('3');
  });
});
