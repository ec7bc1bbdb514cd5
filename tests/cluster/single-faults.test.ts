/** One thing goes wrong, or two in turn with time between them: the cluster shall live with it. */
import { expect } from 'chai';
import { SimCluster } from './sim-cluster.js';

function cluster(participants: number, minParticipants = 1): SimCluster {
  const delays = { minDelayMs: 0.1, maxDelayMs: 0.1, isSteady: true };
  const sim = new SimCluster({ participants, minParticipants, seed: 1, ...delays });
  sim.start();
  sim.run(50);
  expect(sim.set('a', '1').type).to.equal('ok');
  sim.run(50);
  return sim;
}

function phase(sim: SimCluster): string {
  const core = sim.coordinator.machine?.core;
  return `${core?.phase}: ${core?.condition}`;
}

describe('a cluster with a single fault', () => {
  for (const writes of [0, 50]) {
    it(`counts on a member whose log was cut once, and made good, ${writes} writes ago`, () => {
      const sim = cluster(2);
      sim.participant('p1').tearLog(1);
      sim.run(20);
      sim.participant('p1').start();
      sim.runUntil(() => sim.isWhole, 5000, 'whole again');
      for (let n = 0; n < writes; n += 1) sim.set('a', `${n}`);
      sim.run(1000);
      sim.participant('p2').crash();
      sim.coordinator.crash();
      sim.coordinator.start();
      sim.run(5000);
      expect(phase(sim)).to.match(/^serving/);
      expect(sim.get('a')).to.equal(writes === 0 ? '1' : '49');
    });
  }

  it('tells a member that comes late of an abort that the coordinator’s log has lost', () => {
    const sim = cluster(3, 3);
    sim.hold('c', 'p3', 'prepare');
    sim.hold('c', 'p2', 'outcome');
    const command = { op: 'set', pairs: [['a', Buffer.from('2')]] } as const;
    sim.coordinator.request(1, { type: 'write', command }, () => undefined);
    sim.run(20);
    sim.participant('p3').crash();
    const aborted = (): boolean => sim.participant('p1').machine?.state.aborted.length === 1;
    sim.runUntil(aborted, 5000, 'an abort for want of members');
    expect(sim.participant('p2').machine?.state.inDoubt.length).to.equal(1);
    sim.participant('p2').crash();
    sim.coordinator.crash();
    const { log } = sim.coordinator;
    log.tear(log.records.length - log.records.findLastIndex(({ kind }) => kind === 'abort'));
    sim.drop('c', 'p2');
    sim.coordinator.start();
    sim.run(3000);
    expect(phase(sim)).to.match(/^serving/);
    sim.participant('p2').start();
    sim.run(3000);
    const ends = ['p1', 'p2'].map((name) => {
      const state = sim.participant(name).machine?.state;
      return `${state?.resolved.txid} a=${state?.table.get('a')?.toString()}`;
    });
    expect(ends).to.deep.equal(['2 a=1', '2 a=1']);
    expect(phase(sim)).to.match(/^serving/);
  });

  it('reads on while the sync of a commit stalls that nobody waits for', () => {
    const sim = cluster(1);
    let told = '';
    const command = { op: 'set', pairs: [['a', Buffer.from('2')]] } as const;
    sim.coordinator.request(1, { type: 'write', command }, (reply) => {
      told = reply?.type ?? 'lost';
    });
    while (told === '') sim.run(0.05);
    sim.syncMs = 6000;
    sim.run(2500);
    expect([told, sim.get('a')]).to.deep.equal(['ok', '2']);
  });
});
