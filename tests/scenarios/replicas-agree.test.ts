/**
 * S9, S26, S32, S41: replicas stay equal while many clients pipeline writes to few keys, messages
 * take any time, and newcomers are filled by delta and by snapshot meanwhile.
 */
import { expect } from 'chai';
import { SimCluster } from '../cluster/sim-cluster.js';
import { Workload } from '../cluster/workload.js';

function busyCluster(seed: number, participants: number): [SimCluster, Workload] {
  const cluster = new SimCluster({ participants, seed, maxDelayMs: 30, syncMs: 5 });
  cluster.start();
  const options = { keys: 2, pairs: 1, pipeline: 8 };
  const workload = new Workload(cluster, seed, options, () => [cluster.coordinator]);
  for (let client = 0; client < 6; client += 1) workload.startClient(10);
  cluster.run(500);
  return [cluster, workload];
}

function finish(cluster: SimCluster, workload: Workload): void {
  cluster.runUntil(() => cluster.isWhole, 10_000, 'every participant is a member');
  cluster.run(500);
  workload.isStopped = true;
  cluster.run(3000);
  const states = cluster.participants.map(({ machine }) => {
    const { resolved, table } = machine?.state ?? {};
    return `${resolved?.txid} ${resolved?.chain} ${table?.digest()}`;
  });
  expect(new Set(states).size, states.join('\n')).to.equal(1);
  workload.readAll();
  expect(workload.violations()).to.deep.equal([]);
  expect(workload.acknowledged).to.be.greaterThan(50);
}

describe('replicas under load', function () {
  this.timeout(20_000);

  it('S9: apply pipelined writes to one key in the same order everywhere', () => {
    for (const seed of [1, 2, 3]) finish(...busyCluster(seed, 3));
  });

  it('S26: let a wiped one in at an exact transaction, while writes go on', () => {
    for (const seed of [4, 5, 6]) {
      const [cluster, workload] = busyCluster(seed, 3);
      cluster.participant('p2').wipe();
      cluster.run(300);
      cluster.participant('p2').start();
      finish(cluster, workload);
    }
  });

  it('S32: fill two at once, one of which dies on the way', () => {
    const [cluster, workload] = busyCluster(7, 4);
    for (const name of ['p1', 'p2']) cluster.participant(name).wipe();
    cluster.run(1500);
    cluster.crashAt({ process: 'p1', effect: 'install', nth: 3 });
    for (const name of ['p1', 'p2']) cluster.participant(name).start();
    cluster.run(1500);
    cluster.participant('p1').start();
    finish(cluster, workload);
  });

  it('S41: differ in nothing but a flipped bit, which is found and repaired under load', () => {
    const [cluster, workload] = busyCluster(8, 3);
    cluster.set('cold', 'value');
    cluster.run(100);
    expect(cluster.participant('p3').flipBit('cold')).to.equal(true);
    // Its replacement by a write makes the digests differ.
    cluster.set('cold', 'new value');
    finish(cluster, workload);
    expect(cluster.coordinator.machine?.core.counters.divergences).to.be.greaterThan(0);
  });
});
