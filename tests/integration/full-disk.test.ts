/**
 * Disks that run full are no failed disks: nobody exits, reads go on, and writes go on as soon as
 * there is space, at once where other participants have some.
 */
import { expect } from 'chai';
import { isWhole, stateOf } from '../helpers/cluster-info.js';
import { type Cluster, makeCluster } from '../helpers/processes.js';
import { SmallDisk } from '../helpers/small-disk.js';
import { needsThat } from '../helpers/tools.js';

const DISK_MB = 16;
const VALUE = 'v'.repeat(64 * 1024);
const WRITES = 40;

describe('a full disk', function () {
  this.timeout(40_000);
  let disk: SmallDisk | undefined;

  beforeEach(function () {
    disk = SmallDisk.mount(DISK_MB);
    needsThat(disk !== undefined, 'this machine lets nobody mount a tmpfs', this);
  });
  afterEach(() => disk?.unmount());

  async function fillFrom(cluster: Cluster): Promise<string[]> {
    const client = cluster.client();
    const replies: string[] = [];
    for (let n = 0; n < WRITES; n += 1) {
      replies.push(await client.set(`full${n}`, VALUE).catch((error: unknown) => String(error)));
    }
    return replies;
  }

  it('of one participant costs no client an error, and is forgotten when space returns', async () => {
    if (disk === undefined) return;
    const cluster = await makeCluster({
      roleSettings: { participant1: { data_dir: disk.folder } },
    });
    await cluster.start();
    const victim = cluster.participant(1);
    disk.fill();
    expect(new Set(await fillFrom(cluster))).to.deep.equal(new Set(['OK']));
    await cluster.waitForInfo((info) => stateOf(info, victim.address) !== 'member');
    expect(victim.isRunning).to.equal(true);
    disk.free();
    await cluster.waitForInfo(isWhole);
  });

  it('of every participant refuses writes, serves reads, and recovers', async () => {
    if (disk === undefined) return;
    const cluster = await makeCluster({
      participants: 2,
      roleSettings: {
        participant1: { data_dir: disk.folder },
        participant2: { data_dir: disk.folder },
      },
    });
    await cluster.start();
    const client = cluster.client();
    await client.set('before', 'kept');
    disk.fill();
    const replies = await fillFrom(cluster);
    const refused = replies.filter((reply) => reply !== 'OK');
    expect(refused).not.to.deep.equal([]);
    for (const reply of refused) expect(reply).to.match(/^ReplyError: MISCONF .*disk full/);
    expect(await client.get('before')).to.equal('kept');
    expect(cluster.roles.every(({ isRunning }) => isRunning)).to.equal(true);
    disk.free();
    await cluster.waitForInfo(isWhole);
    expect(await client.set('after', 'ok')).to.equal('OK');
    await cluster.kill9();
    await cluster.start();
    const written = replies.flatMap((reply, n) => (reply === 'OK' ? [`full${n}`] : []));
    for (const key of written) expect(await client.get(key)).to.equal(VALUE);
    expect(await client.get('after')).to.equal('ok');
  });
});
