/** The shells of both roles with the real log: what they promise their machines, and clients. */
import { expect } from 'chai';
import { clusterFields } from '../../src/coordinator/info.js';
import { ShellCluster } from './shell-cluster.js';

const OK = { type: 'ok' };

describe('the shells', () => {
  it('have synced everywhere what they acknowledge', async () => {
    const cluster = new ShellCluster();
    await cluster.start();
    expect(await cluster.set('k', 'first')).to.deep.equal(OK);
    expect(await cluster.set('k', 'second')).to.deep.equal(OK);
    for (const role of [cluster.coordinator, ...cluster.participants]) cluster.crash(role);
    await cluster.start();
    expect(await cluster.get('k')).to.equal('second');
  });

  it('let all commands of a turn share one transaction', async () => {
    const cluster = new ShellCluster();
    await cluster.start();
    const syncs = cluster.participants.map(({ disk }) => disk.syncs);
    const tokens = Array.from({ length: 100 }, (_none, n) =>
      cluster.ask({ type: 'write', command: { op: 'set', pairs: [[`k${n}`, Buffer.from('v')]] } }),
    );
    await cluster.world.until(() => tokens.every((token) => cluster.replies[token] !== undefined));
    expect(cluster.coordinator.shell?.machine.core.counters.commits).to.equal(1);
    for (const [n, { disk }] of cluster.participants.entries()) {
      expect(disk.syncs - (syncs[n] ?? 0)).to.be.at.most(2);
    }
  });

  it('wait one turn for a client that was just answered', async () => {
    const cluster = new ShellCluster({ companionCommands: 8 });
    await cluster.start();
    const ask = (key: string): number =>
      cluster.ask({ type: 'write', command: { op: 'set', pairs: [[key, Buffer.from('v')]] } });
    const answered = (...tokens: readonly number[]): Promise<void> =>
      cluster.world.until(() => tokens.every((token) => cluster.replies[token] !== undefined));
    await answered(ask('a'), ask('b'));
    const third = ask('c');
    for (const callback of cluster.world.deferred.splice(0)) callback();
    await answered(third, ask('d'));
    expect(cluster.coordinator.shell?.machine.core.counters.commits).to.equal(2);
  });

  it('tell their machine of a new identity only when it is durable', async () => {
    const cluster = new ShellCluster({ participants: 1 });
    await cluster.start();
    const { clusterId } = cluster.coordinator.shell?.machine.core ?? { clusterId: '?' };
    for (const role of [cluster.coordinator, ...cluster.participants]) {
      cluster.crash(role);
      expect((await role.open()).identity.clusterId, role.address).to.equal(clusterId);
    }
  });

  it('answer everybody and end when the log of the coordinator fails', async () => {
    const cluster = new ShellCluster();
    await cluster.start();
    const { coordinator } = cluster;
    coordinator.disk.faults = { failAt: coordinator.disk.operations + 1 };
    expect(await cluster.set('k', 'v'), 'the members hold it').to.deep.equal(OK);
    await cluster.world.until(() => coordinator.endedFor !== '');
    expect(coordinator.endedFor).to.include('the log failed').and.to.include('planted');
    expect(await cluster.set('k', 'later')).to.include({ type: 'error', code: 'TRYAGAIN' });
    await coordinator.shell?.close();
    coordinator.disk.faults = {};
    cluster.crash(coordinator);
    await cluster.startCoordinator();
    await cluster.world.until(() => coordinator.shell?.machine.core.phase === 'serving');
    expect(await cluster.get('k')).to.equal('v');
  });

  it('end a participant whose log fails; the others go on', async () => {
    const cluster = new ShellCluster();
    await cluster.start();
    const [victim] = cluster.participants;
    if (victim === undefined) throw new Error('there are participants');
    victim.disk.faults = { failAt: victim.disk.operations + 1 };
    expect(await cluster.set('k', 'v')).to.deep.equal(OK);
    expect(victim.endedFor).to.include('the log failed').and.to.include('planted');
    expect(await cluster.get('k')).to.equal('v');
  });

  it('answer who still waits, at a shutdown, and close in order', async () => {
    const cluster = new ShellCluster();
    await cluster.start();
    const token = cluster.ask({ type: 'write', command: { op: 'del', keys: ['k'] } });
    cluster.coordinator.shell?.shutdown();
    expect(cluster.replies[token]).to.include({ type: 'error' });
    await cluster.coordinator.shell?.close();
    for (const { shell } of cluster.participants) await shell?.close();
  });

  it('shorten the logs of both roles, and find everything in what is left', async () => {
    const cluster = new ShellCluster({ checkpointAfterRecords: 20 });
    await cluster.start();
    for (let n = 0; n < 100; n += 1) {
      await cluster.set(`k${n % 7}`, `v${n}`);
      // A coordinator's commits are synced when convenient.
      if (n % 5 === 0) await cluster.world.until(() => cluster.coordinator.isSynced);
    }
    const roles = [cluster.coordinator, ...cluster.participants];
    for (const { log, address } of roles) {
      expect(log?.baseSegment, address).to.be.greaterThan(2);
      expect(log?.logRecords, address).to.be.lessThan(60);
    }
    for (const role of roles) cluster.crash(role);
    await cluster.start();
    for (let n = 93; n < 100; n += 1) expect(await cluster.get(`k${n % 7}`)).to.equal(`v${n}`);
  });

  it('refuse writes on full disks, go on reading, and recover', async () => {
    const cluster = new ShellCluster();
    await cluster.start();
    await cluster.set('k', 'kept');
    for (const { disk } of cluster.participants) {
      const used = [...disk.contents().values()].reduce((sum, bytes) => sum + bytes.length, 0);
      disk.faults = { capacity: used };
    }
    const reply = await cluster.set('k', 'x'.repeat(1000));
    expect(reply).to.include({ type: 'error' });
    expect(await cluster.get('k')).to.equal('kept');
    for (const { disk } of cluster.participants) disk.faults = {};
    expect(await cluster.set('k', 'again')).to.deep.equal(OK);
    for (const role of [cluster.coordinator, ...cluster.participants]) cluster.crash(role);
    await cluster.start();
    expect(await cluster.get('k')).to.equal('again');
  });

  for (const [how, deltaMemoryBytes] of [
    ['a delta', 1 << 20],
    ['a snapshot', 1],
  ] as const) {
    it(`fill a wiped participant again by ${how}, which alone then serves`, async () => {
      const cluster = new ShellCluster({ deltaMemoryBytes });
      await cluster.start();
      for (let n = 0; n < 30; n += 1) await cluster.set(`k${n}`, `v${n}`);
      const [wiped, ...others] = cluster.participants;
      if (wiped === undefined) throw new Error('there are participants');
      cluster.crash(wiped);
      expect(await cluster.set('k0', 'meanwhile')).to.deep.equal(OK);
      for (const name of await wiped.disk.list()) await wiped.disk.remove(name);
      await cluster.startParticipant(wiped);
      const { coordinator } = cluster;
      await cluster.world.until(() => {
        const membership = coordinator.shell?.machine.membership;
        return membership?.size === 3 && !membership.isChanging;
      });
      const rejoins = coordinator.shell?.machine.core.counters.rejoinsBySnapshot;
      expect(rejoins).to.equal(how === 'a snapshot' ? 1 : 0);
      for (const other of others) cluster.crash(other);
      cluster.crash(wiped);
      await cluster.startParticipant(wiped);
      await cluster.world.until(() => wiped.shell?.machine.state.table.size === 30);
      expect(await cluster.set('after', 'rejoin')).to.deep.equal(OK);
      expect(await cluster.get('k0')).to.equal('meanwhile');
      expect(await cluster.get('k29')).to.equal('v29');
    });
  }

  it('say in INFO who is in, who is out and why', async () => {
    const cluster = new ShellCluster();
    await cluster.start();
    const [gone] = cluster.participants;
    if (gone === undefined) throw new Error('there are participants');
    cluster.crash(gone);
    await cluster.set('k', 'v');
    const machine = cluster.coordinator.shell?.machine;
    if (machine === undefined) throw new Error('the coordinator runs');
    const fields = new Map(clusterFields(machine));
    expect(fields.get('state')).to.equal('serving');
    expect(fields.get('view_size')).to.equal(2);
    const first = String(fields.get('participant0'));
    expect(first).to.match(/^address=127.0.0.1:8002,state=unreachable,store=\w+,since_ms=\d+,/);
    expect(first).to.match(/,reason=[^,]+,applied_txid=\d+$/);
    expect(String(fields.get('participant1')))
      .to.include('state=member')
      .and.include('reason=,');
  });
});
