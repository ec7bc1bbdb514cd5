/**
 * Processes that may open few files: connections cannot take those that the log needs, and what
 * happens to one participant is no end of the others.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { PEER_PREFIX } from '../../src/rpc/codec.js';
import { type ClusterInfo, isWhole, parseInfo } from '../helpers/cluster-info.js';
import { type Cluster, makeCluster } from '../helpers/processes.js';
import { type RespConnection, textOf } from '../helpers/resp-connection.js';

const OPEN_FILES = 80;
const TOO_FEW_FILES = 60;
const IDLE = 100;
/** Of a participant with so few files. */
const CLIENTS = 16;
const POLL_MS = 50;

describe('processes with few open files', function () {
  this.timeout(60_000);
  let cluster: Cluster;
  let idle: { readonly socket: Socket; told: string }[];

  beforeEach(async () => {
    idle = [];
    cluster = await makeCluster();
  });

  afterEach(() => {
    for (const { socket } of idle) socket.destroy();
  });

  async function crowd(word: string): Promise<void> {
    for (const { host, port } of cluster.roles.filter((role) => role.isRunning)) {
      for (let count = 0; count < IDLE; count += 1) {
        const socket = connect({ host, port });
        const one = { socket, told: '' };
        idle.push(one);
        socket.on('error', () => undefined);
        socket.on('data', (chunk) => (one.told += chunk.toString()));
        await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
        if (word !== '') socket.write(word);
      }
    }
  }

  async function until(
    client: RespConnection,
    holds: (info: ClusterInfo) => boolean,
  ): Promise<ClusterInfo> {
    for (;;) {
      const info = parseInfo(textOf(await client.command('INFO')));
      if (holds(info)) return info;
      await delay(POLL_MS);
    }
  }

  function members({ participants }: ClusterInfo): number {
    return participants.filter(({ state }) => state === 'member').length;
  }

  for (const [name, word] of [
    ['silent', ''],
    ['speaking', 'PING\r\n'],
    ['half a peer', PEER_PREFIX.toString()],
  ] as const) {
    it(`outlive a participant among ${IDLE} connections to each: ${name}`, async () => {
      await cluster.start({ openFiles: OPEN_FILES });
      const client = await cluster.connection();
      await crowd(word);
      expect(textOf(await client.command('SET', 'a', '1'))).to.equal('OK');
      const failed = cluster.participant(3);
      await failed.kill9();
      await until(client, (info) => members(info) === 2);
      expect(textOf(await client.command('SET', 'a', '2'))).to.equal('OK');
      await failed.start({ openFiles: OPEN_FILES });
      await until(client, isWhole);
      expect(textOf(await client.command('GET', 'a'))).to.equal('2');
      expect(cluster.roles.every((role) => role.isRunning)).to.equal(true);
      client.close();
    });
  }

  it('let peers in though clients have taken all there is', async () => {
    await cluster.start({ openFiles: OPEN_FILES });
    await crowd('PING\r\n');
    await cluster.coordinator.kill9();
    await cluster.coordinator.start({ openFiles: OPEN_FILES });
    await cluster.waitForInfo(isWhole);
  });

  it('refuse who is too many with the usual error, and tell how many there may be', async () => {
    await cluster.start({ openFiles: OPEN_FILES });
    const participant = cluster.participant(1);
    expect(participant.output).to.match(/no more than 16 clients are served.*ulimit -n/);
    const client = await cluster.connection();
    const { fields } = parseInfo(textOf(await client.command('INFO')));
    const clients = Number(fields['maxclients']);
    expect(clients).to.be.within(CLIENTS, OPEN_FILES - 40);
    await crowd('PING\r\n');
    while (idle.some(({ told }) => told === '')) await delay(POLL_MS);
    const [served, refused] = ['+PONG', '-ERR max number of clients reached'].map(
      (start) => idle.filter(({ told }) => told.startsWith(start)).length,
    );
    expect(served).to.equal(clients - 1 + 3 * CLIENTS);
    expect(refused).to.equal(4 * IDLE - (served ?? 0));
    client.close();
  });

  it('do not start where that leaves too few clients, and say what to do', async () => {
    for (const role of cluster.roles.slice(0, 2)) {
      role.launch({ openFiles: TOO_FEW_FILES });
      expect((await role.waitForExit()).code).to.equal(1);
      expect(role.errorOutput).to.match(/only 60 files may be open .*raise .*ulimit -n\) to \d+/);
    }
  });
});
