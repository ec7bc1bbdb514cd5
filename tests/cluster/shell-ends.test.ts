/** The ends of both shells: what still arrives then, and reasons to end that come together. */
import { expect } from 'chai';
import type { Log } from '../../src/wal/log.js';
import { ShellCluster } from './shell-cluster.js';

type Role = Pick<ShellCluster['coordinator'], 'disk'>;

/** Does `then` while the next operation of this disk is under way; says whether it has. */
function duringNextOperation({ disk }: Role, then: () => void, fails = false): () => boolean {
  const number = disk.operations + 1;
  let isDone = false;
  const act = (): void => {
    then();
    isDone = true;
  };
  const faults = { onOperation: (n: number) => n === number && queueMicrotask(act) };
  disk.faults = fails ? { ...faults, failAt: number } : faults;
  return () => isDone;
}

async function started(options: ConstructorParameters<typeof ShellCluster>[0] = {}) {
  const cluster = new ShellCluster(options);
  await cluster.start();
  const { coordinator, participants } = cluster;
  const [participant] = participants;
  if (participant === undefined) throw new Error('there are participants');
  return {
    cluster,
    coordinator,
    ...running(coordinator),
    first: { role: participant, ...running(participant) },
  };
}

function running<Shell>(role: { shell: Shell | null; log: Log | null }) {
  const { shell, log } = role;
  if (shell === null || log === null) throw new Error('it runs');
  return { shell, log };
}

describe('the end of a coordinator’s shell', () => {
  it('makes durable what was decided, and tells nobody any more', async () => {
    const { cluster, coordinator, shell } = await started();
    const isDown = duringNextOperation(coordinator, () => {
      shell.shutdown();
    });
    await cluster.set('k', 'v');
    await cluster.world.until(isDown);
    await shell.close();
    cluster.crash(coordinator);
    await cluster.startCoordinator();
    expect(await cluster.get('k')).to.equal('v');
  });

  it('is no failure of the log any more', async () => {
    const { cluster, coordinator, shell, log } = await started();
    const stop = (): void => {
      shell.shutdown();
    };
    const isDown = duringNextOperation(coordinator, stop, true);
    await cluster.set('k', 'v');
    await cluster.world.until(isDown);
    await shell.close();
    expect(log.failed?.message).to.include('planted');
    expect(coordinator.endedFor).to.equal('');
  });

  it('comes within a turn when the machine says so', async () => {
    const { cluster, coordinator, shell } = await started();
    shell.machine.core.exit('another coordinator took over');
    expect(await cluster.set('k', 'v')).to.deep.include({ type: 'error', code: 'ERR' });
    expect(coordinator.endedFor).to.equal('another coordinator took over');
    const before = cluster.replies.length;
    const late = cluster.ask({ type: 'read', command: { op: 'get', keys: ['k'] } });
    expect([late, cluster.replies[late]?.type]).to.deep.equal([before, 'error']);
    await shell.close();
  });

  it('comes once, for the first of two reasons, and a signal changes nothing', async () => {
    const { cluster, coordinator, shell } = await started();
    const leave = (): void => {
      shell.machine.core.exit('another coordinator took over');
    };
    const isLeft = duringNextOperation(coordinator, leave, true);
    await cluster.set('k', 'v');
    await cluster.world.until(isLeft);
    await cluster.world.until(() => coordinator.endedFor !== '');
    expect(coordinator.endedFor).to.equal('another coordinator took over');
    coordinator.endedFor = '';
    shell.shutdown();
    expect(coordinator.endedFor).to.equal('');
    await shell.close();
  });
});

describe('connections of both shells', () => {
  it('end when the coordinator’s machine says so, and are opened anew', async () => {
    const { cluster, shell } = await started();
    const [peer] = shell.machine.peers.all;
    if (peer === undefined) throw new Error('there are participants');
    const { dial } = peer.data;
    shell.machine.peers.restart(peer, 'a test says so');
    shell.start();
    await cluster.world.until(() => peer.isReady);
    expect(peer.data.dial).to.be.greaterThan(dial ?? 0);
    expect(await cluster.set('k', 'v')).to.deep.equal({ type: 'ok' });
  });

  it('end when the participant’s machine says so', async () => {
    const { cluster, first } = await started();
    const heard: string[] = [];
    const stranger = cluster.world.network.host('127.0.0.1:9').dial(first.role.address, {
      opened: () => stranger.send({ type: 'inquire' }),
      reply: ({ type }) => heard.push(type),
      closed: () => heard.push('closed'),
    });
    await cluster.world.until(() => heard.includes('closed'));
    expect(heard).to.deep.equal(['refused', 'closed']);
  });
});

describe('the end of a participant’s shell', () => {
  it('comes between an event and the end of its turn', async () => {
    const { cluster, first } = await started();
    const alarms = cluster.world.alarms.size;
    first.shell.start();
    await first.shell.close();
    expect(cluster.world.alarms.size).to.equal(alarms - 1);
    for (const callback of cluster.world.deferred.splice(0)) callback();
    expect(cluster.world.alarms.size, 'no alarm is set any more').to.equal(alarms - 1);
  });

  it('makes durable what was prepared, and votes no more', async () => {
    const { cluster, first } = await started();
    const pairs = [['k', Buffer.from('v')]] as const;
    cluster.ask({ type: 'write', command: { op: 'set', pairs } });
    await cluster.world.until(() => first.log.appendedLsn > first.log.syncedLsn);
    const { appendedLsn } = first.log;
    await first.shell.close();
    expect(first.log.syncedLsn).to.equal(appendedLsn);
    expect(first.shell.machine.core.gate.synced, 'the machine was not told').to.be.lessThan(
      first.shell.machine.core.gate.appended,
    );
  });

  it('comes once when the log fails under a flush and a snapshot', async () => {
    const { cluster, first } = await started({ checkpointAfterRecords: 20 });
    const { log, role } = first;
    let reasons = 0;
    Object.defineProperty(role, 'endedFor', {
      set: () => {
        reasons += 1;
      },
    });
    const { disk } = role;
    disk.faults = {
      onOperation: (_number, what) => {
        if (what.includes('checkpoint')) duringNextOperation(role, () => undefined, true);
      },
    };
    for (let n = 0; n < 30 && log.failed === null; n += 1) await cluster.set(`k${n}`, 'v');
    expect(log.failed?.message).to.include('planted');
    await first.shell.close();
    expect(reasons).to.equal(1);
  });

  it('needs no alarm while nothing is timed', async () => {
    const cluster = new ShellCluster({ participants: 1 });
    const [role] = cluster.participants;
    if (role === undefined) throw new Error('there is a participant');
    await cluster.startParticipant(role);
    const { shell } = role;
    if (shell === null) throw new Error('it runs');
    shell.machine.state.fit = false;
    shell.start();
    await cluster.world.until(() => cluster.world.deferred.length === 0);
    expect(shell.machine.nextTimeoutAt()).to.equal(null);
    expect(cluster.world.alarms.size).to.equal(0);
    await shell.close();
  });
});
