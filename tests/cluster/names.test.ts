/** A client that is told UNKNOWN asks by the name that it was given, and gets the truth. */
import { expect } from 'chai';
import { SimCluster } from './sim-cluster.js';

/**
 * 1:2 and 1:3 are prepared at p1 and p2 and were never at p3, which is gone: too few are left, so
 * both are aborted. p1 and p2 do not hear of that. Returns the name that the client of 1:3 is told.
 */
function untoldAborts(sim: SimCluster): string {
  sim.start();
  sim.run(50);
  sim.set('a', '1');
  sim.run(50);
  sim.hold('c', 'p3', 'prepare');
  let told = '';
  const write = (session: number, key: string): void => {
    const command = { op: 'set', pairs: [[key, Buffer.from('2')]] } as const;
    sim.coordinator.request(session, { type: 'write', command }, (reply) => {
      if (reply?.type === 'error' && key === 'b') told = `${reply.code} ${reply.text}`;
    });
  };
  write(1, 'a');
  sim.run(0.3);
  write(2, 'b');
  sim.run(20);
  expect(sim.participant('p1').machine?.state.inDoubt.length).to.equal(2);
  for (const name of ['p1', 'p2']) sim.hold('c', name, 'outcome');
  sim.participant('p3').crash();
  sim.run(2500);
  for (const name of ['p1', 'p2']) sim.drop('c', name);
  return /^UNKNOWN (\d+:\d+)/.exec(told)?.[1] ?? '';
}

/** By now the name is far behind. */
function statusAndValue(sim: SimCluster, name: string): string {
  sim.runUntil(() => sim.isWhole, 20_000, 'whole');
  sim.set('c', '1');
  sim.run(100);
  const reply = sim.ask({ type: 'txstatus', txid: name });
  return `${reply.type === 'status' ? reply.status : reply.type}, b=${sim.get('b')}`;
}

describe('the name of a write that was aborted for the sake of another', () => {
  const options = { participants: 3, seed: 1, minParticipants: 3 };
  const steady = { minDelayMs: 0.1, maxDelayMs: 0.1, isSteady: true };

  it('tells the truth when the coordinator’s folder is lost and the members commit it', () => {
    const sim = new SimCluster({ ...options, ...steady });
    const name = untoldAborts(sim);
    expect(name).to.equal('1:3');
    sim.coordinator.wipe();
    sim.coordinator.start();
    sim.participant('p3').start();
    expect(statusAndValue(sim, name)).to.match(/^(committed|forgotten), b=2$/);
  });

  it('tells the truth when another coordinator takes over and the members commit it', () => {
    const sim = new SimCluster({ ...options, ...steady });
    const name = untoldAborts(sim);
    expect(name).to.equal('1:3');
    for (const each of ['p1', 'p2', 'p3']) {
      sim.cuts.set('c', each, true);
      sim.cuts.set(each, 'c', true);
    }
    sim.participant('p3').start();
    const addresses = sim.participants.map(({ address }) => address);
    sim.coordinator = sim.makeCoordinator('d', addresses, { minParticipants: 3 });
    sim.coordinator.start();
    expect(statusAndValue(sim, name)).to.match(/^(committed|forgotten), b=2$/);
  });
});
