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
import { oneShot, request } from '../helpers/one-shot.js';
import type { Cluster } from '../helpers/processes.js';
import { needsThat } from '../helpers/tools.js';
import { dribble, received } from './bad-clients.js';
import {
  BesiegedCluster,
  CONNECTION_BYTES,
  GARBAGE_BYTES,
  PATIENCE_MS,
  STRANGERS_BYTES,
} from './besieged-cluster.js';
import { cutInChunks, mutate, pick, randomBytes } from './fuzz.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const IDLE = 10_000;
const STORM = 250;
/** Files and pipes of a process beside its connections. */
const OTHER_FILES = 500;

function openFilesLimit(): number {
  const line = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(
    readFileSync('/proc/self/limits', 'utf8'),
  );
  return line?.[2] === 'unlimited' ? Infinity : Number(line?.[2] ?? 0);
}

describe('hostile connections', function () {
  this.timeout(60_000);
  let besieged: BesiegedCluster;
  let cluster: Cluster;

  before(async () => {
    besieged = await BesiegedCluster.start({ settings: { max_clients: IDLE + 1000 } });
    ({ cluster } = besieged);
  });
  after(() => cluster.end());

  beforeEach(() => besieged.remember());

  afterEach('everything is as it was', () => besieged.rest());

  it('of slow readers hold no more than their limits', async () => {
    const value = Buffer.alloc(512 * KIB, 'v');
    expect(String(await besieged.command('SET', 'large', value))).to.equal('OK');
    await besieged.remember();
    const readers = besieged.badClients(cluster.coordinator);
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
    await besieged.serves(50);
    // All they asked for is 2 GB.
    besieged.expectGrowthBelow(700 * MIB, cluster.coordinator);
  });

  it('of slow writers on both ports hold nobody up, and are served in the end', async () => {
    const clients = besieged.badClients(cluster.coordinator);
    const strangers = besieged.badClients(cluster.participant(1));
    const greeting = besieged.soundHello();
    const slow = (await strangers.openMany(50)).map((socket) => dribble(socket, greeting, 5));
    const served = (await clients.openMany(50)).map(async (socket, index) => {
      const reply = received(socket, '\r\n');
      await dribble(socket, request('SET', `slow${index}`, 'v'), 20);
      return reply;
    });
    await besieged.serves(20);
    for (const reply of await Promise.all(served)) expect(reply).to.equal('+OK\r\n');
    await Promise.all(slow);
  });

  it('that are idle, ten thousand of them, cost a little memory each', async function () {
    const isAllowed = openFilesLimit() >= IDLE + OTHER_FILES;
    needsThat(isAllowed, `a process may not open ${IDLE} connections here`, this);
    const idle = besieged.badClients(cluster.coordinator);
    const opening = idle.openMany(IDLE);
    await besieged.serves(20);
    await opening;
    await besieged.serves(20);
    const info = await cluster.info();
    expect(Number(info.fields['connected_clients'])).to.be.at.least(IDLE);
    besieged.expectGrowthBelow(IDLE * CONNECTION_BYTES, cluster.coordinator);
    besieged.expectGrowthBelow(GARBAGE_BYTES, ...cluster.participants);
  });

  it('that come and vanish in storms leave nothing', async () => {
    const prng = new Prng(1);
    for (let storm = 0; storm < 8; storm += 1) {
      const clients = besieged.badClients(pick(prng, cluster.roles));
      for (const socket of await clients.openMany(STORM)) {
        const start = pick(prng, [request('GET', 'good'), PEER_PREFIX, request('SET', 'k', 'v')]);
        if (prng.chance(0.7)) socket.write(start.subarray(0, prng.below(start.length)));
      }
      clients.reset();
      await besieged.serves(1);
    }
    besieged.expectGrowthBelow(STORM * CONNECTION_BYTES + GARBAGE_BYTES, ...cluster.roles);
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
    const clients = besieged.badClients(cluster.coordinator);
    const start = Buffer.from('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n');
    const some = Buffer.alloc(1.2 * MIB, 'x');
    for (const socket of await clients.openMany(60)) {
      socket.write(start);
      socket.write(some);
    }
    await besieged.serves(30);
    besieged.expectGrowthBelow(400 * MIB, cluster.coordinator);
  });

  it('of strangers on the port between processes change nothing while writes go on', async () => {
    const prng = new Prng(2);
    const greeting = besieged.soundHello();
    const inquiry = bytesOf(encodeRequest({ type: 'inquire' }));
    for (let round = 0; round < 6; round += 1) {
      const strangers = cluster.participants.map((target) => besieged.badClients(target));
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
      await besieged.serves(5);
    }
    besieged.expectGrowthBelow(STRANGERS_BYTES, ...cluster.participants);
  });
});
