/**
 * Real processes among clients and strangers that misuse connections. Whatever these do, others
 * are served soon, the memory of the processes stays bounded, nobody leaves the view, and nothing
 * is left of them when they are gone.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { bytesOf } from '../../src/base/bytes.js';
import { Prng } from '../../src/base/prng.js';
import { encodeRequest, PEER_PREFIX } from '../../src/rpc/codec.js';
import type { ClusterInfo } from '../helpers/cluster-info.js';
import { oneShot, request } from '../helpers/one-shot.js';
import { type Cluster, makeCluster } from '../helpers/processes.js';
import type { RespConnection } from '../helpers/resp-connection.js';
import type { RoleProcess } from '../helpers/role-process.js';
import { needsThat } from '../helpers/tools.js';
import { hello } from '../unit/participant/participant-driver.js';
import { BadClients, dribble, received, type Target } from './bad-clients.js';
import { cutInChunks, mutate, pick, randomBytes } from './fuzz.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const IDLE = 10_000;
/** Files and pipes of a process beside its connections. */
const OTHER_FILES = 500;
/** How long anybody else may wait for an answer, on a machine that is busy with other things. */
const PATIENCE_MS = 8000;
const SETTINGS = {
  max_clients: IDLE + 1000,
  max_pending_reply_bytes: '1mb',
  cluster_secret: 'known-to-three',
  // A busy machine is no reason to call a participant dead.
  failure_timeout: '4s',
  request_timeout: '9s',
};

function residentBytes(info: ClusterInfo): number {
  return Number(info.fields['used_memory_rss']);
}

function openFilesLimit(): number {
  const line = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(
    readFileSync('/proc/self/limits', 'utf8'),
  );
  return line?.[2] === 'unlimited' ? Infinity : Number(line?.[2] ?? 0);
}

describe('hostile connections', function () {
  this.timeout(60_000);
  let cluster: Cluster;
  let good: RespConnection;
  let earlier: ClusterInfo;
  let written = 0;
  const bad: BadClients[] = [];

  before(async () => {
    cluster = await makeCluster({ shared: true, participants: 2, settings: SETTINGS });
    await cluster.start();
    good = await cluster.connection();
    await serves(20);
  });
  after(() => cluster.end());

  beforeEach(async () => {
    earlier = await cluster.info();
  });

  afterEach('everything is as it was', async () => {
    for (const clients of bad.splice(0)) clients.reset();
    await serves(5);
    const info = await cluster.waitForInfo(
      ({ fields }) => Number(fields['connected_clients']) <= 2,
    );
    expect(info.fields['state']).to.equal('serving');
    expect(info.fields['view_number'], 'nobody left').to.equal(earlier.fields['view_number']);
    for (const role of cluster.roles) {
      expect(role.isRunning).to.equal(true);
      expect(role.output).not.to.match(/fault in this program/);
    }
  });

  /** Writes and reads back, each within the patience. */
  async function serves(times: number): Promise<void> {
    for (let i = 0; i < times; i += 1) {
      written += 1;
      const startedAt = performance.now();
      const value = `value ${written}`;
      expect(String(await good.command('SET', 'good', value))).to.equal('OK');
      expect(String(await good.command('GET', 'good'))).to.equal(value);
      expect(performance.now() - startedAt, 'ms for SET and GET').to.be.below(PATIENCE_MS);
    }
  }

  function badClients(target: Target): BadClients {
    const clients = new BadClients(target);
    bad.push(clients);
    return clients;
  }

  /** One that is welcomed; what must follow, a stranger cannot say. */
  function soundHello(): Buffer {
    const { address } = cluster.coordinator;
    return bytesOf(encodeRequest(hello({ clusterId: '', coordinator: address })));
  }

  async function growth(): Promise<number> {
    return residentBytes(await cluster.info()) - residentBytes(earlier);
  }

  it('of slow readers hold no more than their limits', async () => {
    const value = Buffer.alloc(512 * KIB, 'v');
    expect(String(await good.command('SET', 'large', value))).to.equal('OK');
    earlier = await cluster.info();
    const readers = badClients(cluster.coordinator);
    const asked = Buffer.concat(Array.from({ length: 400 }, () => request('GET', 'large')));
    const sockets = await readers.openMany(10);
    // They look like clients of small values first.
    const small = request('GET', 'nothing');
    const looks = Array.from({ length: 99 }, () => small);
    const end = '$0\r\n\r\n';
    const warm = sockets.map((socket) => received(socket, end));
    for (const socket of sockets) socket.write(Buffer.concat([...looks, request('ECHO', '')]));
    await Promise.all(warm);
    for (const socket of sockets) {
      socket.removeAllListeners('data');
      socket.pause();
      socket.write(asked);
    }
    await serves(50);
    // All they asked for is 2 GB.
    expect(await growth()).to.be.below(700 * MIB);
  });

  it('of slow writers on both ports hold nobody up, and are served in the end', async () => {
    const clients = badClients(cluster.coordinator);
    const strangers = badClients(cluster.participant(1));
    const greeting = soundHello();
    const slow = (await strangers.openMany(50)).map((socket) => dribble(socket, greeting, 5));
    const served = (await clients.openMany(50)).map(async (socket, index) => {
      const reply = received(socket, '\r\n');
      await dribble(socket, request('SET', `slow${index}`, 'v'), 20);
      return reply;
    });
    await serves(20);
    for (const reply of await Promise.all(served)) expect(reply).to.equal('+OK\r\n');
    await Promise.all(slow);
  });

  it('that are idle, ten thousand of them, cost a little memory each', async function () {
    const isAllowed = openFilesLimit() >= IDLE + OTHER_FILES;
    needsThat(isAllowed, `a process may not open ${IDLE} connections here`, this);
    const idle = badClients(cluster.coordinator);
    const opening = idle.openMany(IDLE);
    await serves(20);
    await opening;
    await serves(20);
    const info = await cluster.info();
    expect(Number(info.fields['connected_clients'])).to.be.at.least(IDLE);
    expect(await growth()).to.be.below(IDLE * 40 * KIB);
  });

  it('that come and vanish in storms leave nothing', async () => {
    const prng = new Prng(1);
    for (let storm = 0; storm < 8; storm += 1) {
      const clients = badClients(pick(prng, cluster.roles));
      for (const socket of await clients.openMany(250)) {
        const start = pick(prng, [request('GET', 'good'), PEER_PREFIX, request('SET', 'k', 'v')]);
        if (prng.chance(0.7)) socket.write(start.subarray(0, prng.below(start.length)));
      }
      clients.reset();
      await serves(1);
    }
  });

  it('that are closed on one side get every reply', async () => {
    const count = 60;
    const pipeline = Buffer.concat(
      Array.from({ length: count }, (_, i) =>
        Buffer.concat([request('SET', 'half', `v${i}`), request('GET', 'half')]),
      ),
    );
    const exchanges = Array.from({ length: 20 }, () =>
      oneShot(cluster.coordinator.host, cluster.coordinator.port, pipeline, {
        halfClose: true,
        idleMs: 2 * PATIENCE_MS,
      }),
    );
    for (const bytes of await Promise.all(exchanges)) {
      const replies = bytes.toString().match(/\+OK\r\n\$\d+\r\nv\d+\r\n/g);
      expect(replies).to.have.length(count);
      expect(bytes.length).to.equal(replies?.join('').length);
    }
  });

  it('that announce much and send little cost what they sent', async () => {
    const clients = badClients(cluster.coordinator);
    const start = Buffer.from('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n');
    const some = Buffer.alloc(1.2 * MIB, 'x');
    for (const socket of await clients.openMany(60)) {
      socket.write(start);
      socket.write(some);
    }
    await serves(30);
    expect(await growth()).to.be.below(400 * MIB);
  });

  it('of strangers on the port between processes change nothing while writes go on', async () => {
    const prng = new Prng(2);
    const targets: readonly RoleProcess[] = cluster.participants;
    const greeting = soundHello();
    const inquiry = bytesOf(encodeRequest({ type: 'inquire' }));
    for (let round = 0; round < 6; round += 1) {
      const strangers = targets.map((target) => badClients(target));
      for (const clients of strangers) {
        for (const socket of await clients.openMany(40)) {
          const bytes = pick(prng, [
            mutate(prng, greeting, 1 + prng.below(3)),
            Buffer.concat([greeting, inquiry]),
            Buffer.concat([greeting, randomBytes(prng, 300)]),
            Buffer.concat([PEER_PREFIX, Buffer.from('$400\r\n'), Buffer.alloc(90 * KIB, 'x')]),
            randomBytes(prng, 200),
          ]);
          const chunks = bytes.length > KIB ? [bytes] : cutInChunks(prng, bytes);
          for (const chunk of chunks) socket.write(chunk);
        }
      }
      await serves(5);
    }
  });
});
