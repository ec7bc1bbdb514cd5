import { expect } from 'chai';
import { SimCluster } from './sim-cluster.js';

describe('a cluster in virtual time', () => {
  it('forms its first view and commits writes on all participants', () => {
    const cluster = new SimCluster({ participants: 3, seed: 1 });
    cluster.start();
    expect(cluster.set('a', '1')).to.deep.equal({ type: 'ok' });
    expect(cluster.get('a')).to.equal('1');
    expect(cluster.viewAddresses()).to.deep.equal(['p1:1', 'p2:1', 'p3:1']);
    cluster.run(50);
    for (const participant of cluster.participants) {
      expect(participant.machine?.state.table.get('a')?.toString()).to.equal('1');
    }
  });

  it('keeps every acknowledged write through a restart of the coordinator', () => {
    const cluster = new SimCluster({ participants: 3, seed: 2 });
    cluster.start();
    cluster.set('a', '1');
    cluster.coordinator.crash();
    cluster.coordinator.start();
    expect(cluster.get('a')).to.equal('1');
  });

  it('goes on without a participant that died, and lets it in again', () => {
    const cluster = new SimCluster({ participants: 3, seed: 3 });
    cluster.start();
    cluster.set('a', '1');
    cluster.participants[0]?.crash();
    expect(cluster.set('a', '2')).to.deep.equal({ type: 'ok' });
    expect(cluster.get('a')).to.equal('2');
    expect(cluster.viewAddresses()).to.deep.equal(['p2:1', 'p3:1']);
    cluster.participants[0]?.start();
    cluster.runUntil(() => cluster.isWhole, 5000, 'three members again');
    expect(cluster.participants[0]?.machine?.state.table.get('a')?.toString()).to.equal('2');
  });

  it('fills a wiped participant from another one', () => {
    const cluster = new SimCluster({ participants: 3, seed: 4 });
    cluster.start();
    for (let i = 0; i < 300; i += 1) cluster.set(`k${i}`, `${i}`.repeat(100));
    cluster.participants[1]?.wipe();
    cluster.set('a', '2');
    cluster.participants[1]?.start();
    cluster.runUntil(() => cluster.isWhole, 5000, 'three members again');
    expect(cluster.participants[1]?.machine?.state.table.size).to.equal(301);
  });

  it('answers errors when all participants died, and serves again when they are back', () => {
    const cluster = new SimCluster({ participants: 3, seed: 5 });
    cluster.start();
    cluster.set('a', '1');
    for (const participant of cluster.participants) participant.crash();
    const reply = cluster.ask({ type: 'read', command: { op: 'get', keys: ['a'] } });
    expect(reply.type).to.equal('error');
    for (const participant of cluster.participants) participant.start();
    cluster.runUntil(() => cluster.isWhole, 5000, 'three members again');
    expect(cluster.get('a')).to.equal('1');
  });

  it('carries a value of many pieces', () => {
    const cluster = new SimCluster({ participants: 3, seed: 6 });
    cluster.start();
    const value = 'x'.repeat(5_000_001);
    expect(cluster.set('big', value)).to.deep.equal({ type: 'ok' });
    expect(cluster.get('big')?.length).to.equal(value.length);
  });

  it('works on after its folder was lost, when every participant answers', () => {
    const cluster = new SimCluster({ participants: 3, seed: 7 });
    cluster.start();
    cluster.set('a', '1');
    cluster.coordinator.wipe();
    cluster.coordinator.start();
    cluster.runUntil(() => cluster.isWhole, 5000, 'serving without its log');
    expect(cluster.get('a')).to.equal('1');
    expect(cluster.set('a', '2')).to.deep.equal({ type: 'ok' });
  });
});
