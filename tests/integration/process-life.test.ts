/**
 * A role as a process: how fast it listens, from where it may be started, what signals do, and
 * that the process which was started is the server itself.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { oneShot } from '../helpers/one-shot.js';
import { type Cluster, makeCluster } from '../helpers/processes.js';
import { ReplyError, RespConnection } from '../helpers/resp-connection.js';
import type { RoleProcess } from '../helpers/role-process.js';

const LISTENING_WITHIN_MS = 500;
const LISTENING_TRIES = 6;
/** Collecting coverage, which processes inherit, is no part of a start. */
const WITHOUT_COVERAGE = { NODE_V8_COVERAGE: '' };
const STOP_WITHIN_MS = 5000;
const AT_ONCE_MS = 700;

async function startMs(role: RoleProcess): Promise<number> {
  const from = performance.now();
  await role.start({ env: WITHOUT_COVERAGE });
  const took = performance.now() - from;
  (await RespConnection.open(role.host, role.port)).close();
  return took;
}

describe('a role as a process', function () {
  this.timeout(30_000);
  let cluster: Cluster;

  beforeEach(async () => {
    cluster = await makeCluster();
  });

  it('listens within half a second of its start', async () => {
    for (const role of [cluster.coordinator, cluster.participant(1)]) {
      let best = Infinity;
      for (let tries = 0; tries < LISTENING_TRIES && best > LISTENING_WITHIN_MS; tries += 1) {
        best = Math.min(best, await startMs(role));
        await role.kill9();
      }
      expect(best, role.name).to.be.lessThan(LISTENING_WITHIN_MS);
    }
  });

  it('says first where it listens, as what', async () => {
    for (const role of [cluster.coordinator, cluster.participant(1)]) {
      await role.start();
      const kind = role.name.replace(/\d/, '');
      expect(role.output.split('\n')[0]).to.equal(`${kind} running at [${role.address}]`);
    }
  });

  it('is the very process that was started: nothing answers after its kill -9', async () => {
    await cluster.start();
    for (const role of cluster.roles) {
      await role.kill9();
      expect(await oneShot(role.host, role.port, 'PING\r\n')).to.have.length(0);
      const refused = await RespConnection.open(role.host, role.port).catch(String);
      expect(refused).to.include('ECONNREFUSED');
    }
  });

  it('keeps its data beside its configuration, whatever folder it is started in', async () => {
    await cluster.start({ cwd: '/' });
    const client = cluster.client();
    await client.set('k', 'v');
    await cluster.kill9();
    await cluster.start({ cwd: cluster.folder });
    expect(await client.get('k')).to.equal('v');
    for (const role of cluster.roles) {
      expect(existsSync(join(role.folder, 'data'))).to.equal(true);
    }
  });

  it('starts in any order: nobody exits because a peer is missing', async () => {
    await cluster.coordinator.start();
    const info = await cluster.info();
    expect(info.fields['loading']).to.equal('1');
    await cluster.start();
    expect(cluster.roles.every(({ isRunning }) => isRunning)).to.equal(true);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`exits 0 within 5 s of ${signal}, with clients and peers connected`, async () => {
      await cluster.start();
      const client = cluster.client();
      await client.set('k', 'v');
      for (const role of [cluster.coordinator, ...cluster.participants]) {
        role.signal(signal);
        const exit = await role.waitForExit(STOP_WITHIN_MS);
        expect(exit, role.name).to.deep.equal({ code: 0, signal: null });
      }
    });
  }

  it('answers what is in flight before it stops, even if that cannot finish', async () => {
    await cluster.start();
    const connection = await cluster.connection();
    for (const participant of cluster.participants) participant.pause();
    const reply = connection.command('SET', 'k', 'v').catch(() => 'no reply');
    cluster.coordinator.signal('SIGTERM');
    const exit = await cluster.coordinator.waitForExit(STOP_WITHIN_MS);
    expect(exit).to.deep.equal({ code: 0, signal: null });
    expect(await reply).to.be.instanceOf(ReplyError);
    connection.close();
  });

  it('exits at once at the second signal', async () => {
    await cluster.start();
    const connection = await cluster.connection();
    for (const participant of cluster.participants) participant.pause();
    const reply = connection.command('SET', 'k', 'v').catch(() => null);
    cluster.coordinator.signal('SIGTERM');
    await cluster.coordinator.waitForLine(/stopping/);
    const from = performance.now();
    cluster.coordinator.signal('SIGTERM');
    await cluster.coordinator.waitForExit(STOP_WITHIN_MS);
    expect(performance.now() - from).to.be.lessThan(AT_ONCE_MS);
    await reply;
    connection.close();
  });
});
