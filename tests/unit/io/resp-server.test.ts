/** The server around sessions on real sockets, with a Map for a store. */
import { expect } from 'chai';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Redis } from 'ioredis';
import { type FakeOptions, FakeStoreServer, readBytes, readToEnd } from './fake-store-server.js';

const PREFIX = Buffer.from('*9\r\n$5\r\nhello\r\n');

describe('RESP server', () => {
  const servers: FakeStoreServer[] = [];

  async function start(options: FakeOptions = {}): Promise<FakeStoreServer> {
    const server = await FakeStoreServer.start(options);
    servers.push(server);
    return server;
  }

  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });

  it('serves ioredis with its defaults, and a value of 10 MB of any bytes', async () => {
    const server = await start();
    const redis = new Redis(server.port, '127.0.0.1');
    const value = Buffer.alloc(10_485_760);
    for (let at = 0; at < value.length; at += 1) value[at] = (at * 31) & 0xff;
    expect(await redis.set('k', 'v')).to.equal('OK');
    expect(await redis.get('k')).to.equal('v');
    expect(await redis.get('none')).to.equal(null);
    expect(await redis.set('big', value)).to.equal('OK');
    expect((await redis.getBuffer('big'))?.equals(value)).to.equal(true);
    expect(await redis.mset('a', '1', 'b', '2')).to.equal('OK');
    expect(await redis.mget('a', 'x', 'b')).to.deep.equal(['1', null, '2']);
    expect(await redis.del('a', 'b', 'x')).to.equal(2);
    expect(await redis.dbsize()).to.equal(2);
    expect(await redis.client('LIST')).to.contain('lib-name=ioredis');
    expect(await redis.quit()).to.equal('OK');
  });

  it('answers pipelined requests in order, whole and byte by byte', async () => {
    const server = await start();
    const requests = 'SET k 1\r\nGET k\r\nPING\r\n*2\r\n$3\r\nDEL\r\n$1\r\nk\r\nGET k\r\n';
    const replies = '+OK\r\n$1\r\n1\r\n+PONG\r\n:1\r\n$-1\r\n';
    const whole = await server.connect();
    whole.end(requests);
    expect(await readToEnd(whole)).to.equal(replies);
    const slow = await server.connect();
    slow.setNoDelay(true);
    for (const byte of requests) {
      slow.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await readBytes(slow, replies.length)).to.equal(replies);
  });

  it('keeps the order of writes when the store answers at once', async () => {
    const server = await start({ immediate: true, limits: { maxInFlight: 2 } });
    const socket = await server.connect();
    socket.end(Array.from({ length: 50 }, (_, at) => `SET k ${at}\r\n`).join(''));
    expect(await readToEnd(socket)).to.equal('+OK\r\n'.repeat(50));
    const order = server.requests.map((request) =>
      request.type === 'write' && request.command.op === 'set'
        ? request.command.pairs[0]?.[1].toString()
        : '',
    );
    expect(order).to.deep.equal(Array.from({ length: 50 }, (_, at) => `${at}`));
  });

  it('answers others between the replies to a flood of one client', async () => {
    let infos = 0;
    let asked: (() => void) | null = null;
    const onInfo = (): void => {
      infos += 1;
      asked?.();
      asked = null;
    };
    const server = await start({ onInfo });
    const [flooding, other] = [await server.connect(), await server.connect()];
    asked = () => other.write('PING\r\n');
    flooding.end('INFO\r\n'.repeat(8000));
    const flood = readToEnd(flooding);
    expect(await readBytes(other, 7)).to.equal('+PONG\r\n');
    expect(infos).to.be.below(8000);
    expect((await flood).split('# Replication')).to.have.length(8001);
  });

  it('gives a client that closed its side all its replies, however late and large', async () => {
    const server = await start({ manual: true });
    server.values.set('big', Buffer.alloc(1_000_000, 'x'));
    const socket = await server.connect();
    socket.end('GET big\r\n'.repeat(5));
    const reply = readToEnd(socket);
    const answering = setInterval(() => server.answerAll(), 1);
    expect(await reply).to.have.length(5 * (10 + 1_000_000 + 2));
    clearInterval(answering);
    await gone(server);
  });

  it('closes after QUIT and after a protocol error, though the client keeps its side open', async () => {
    const server = await start();
    for (const [input, reply] of [
      ['PING\r\nQUIT\r\nSET k v\r\n', '+PONG\r\n+OK\r\n'],
      ['PING\r\n*x\r\nSET k v\r\n', '+PONG\r\n-ERR Protocol error: invalid multibulk length\r\n'],
    ] as const) {
      const socket = await server.connect();
      socket.write(input);
      expect(await readToEnd(socket)).to.equal(reply);
    }
    await gone(server);
    expect(server.values.size).to.equal(0);
  });

  it('is rid at once of a client that closes its side after QUIT', async () => {
    const server = await start();
    const started = performance.now();
    const socket = await server.connect();
    socket.write('QUIT\r\nSET k v\r\n');
    expect(await readToEnd(socket)).to.equal('+OK\r\n');
    socket.end('SET k w\r\n');
    await gone(server);
    expect(performance.now() - started).to.be.below(900);
  });

  it('loses no reply when input is still on its way at a protocol error', async () => {
    const server = await start();
    const socket = await server.connect();
    socket.on('error', () => undefined);
    socket.write('PING\r\n*x\r\n');
    socket.write(Buffer.alloc(2_000_000, 'x'));
    expect(await readToEnd(socket)).to.contain('+PONG\r\n-ERR Protocol error');
  });

  it('cuts off HTTP without a word', async () => {
    const server = await start();
    const socket = await server.connect();
    socket.write('POST / HTTP/1.1\r\nHost: x\r\n\r\nSET k v\r\n');
    expect(await readToEnd(socket)).to.equal('');
    expect(server.requests).to.deep.equal([]);
  });

  it('does not read from a client that does not read, and goes on when it does', async () => {
    const server = await start({ limits: { maxReplyBytes: 4_000_000 } });
    server.values.set('big', Buffer.alloc(1_000_000, 'x'));
    const socket = await server.connect();
    socket.pause();
    socket.write('GET big\r\n'.repeat(100));
    const made = await settled(() => server.requests.length);
    expect(made).to.be.within(4, 40);
    socket.end();
    expect(await readToEnd(socket)).to.have.length(100 * (10 + 1_000_000 + 2));
    expect(server.requests).to.have.length(100);
  });

  it('lets a client go that has closed its side, whatever it was kept from meanwhile', async () => {
    const limits = { maxReplyBytes: 4096, maxInFlight: 1 };
    const server = await start({ limits });
    const value = Buffer.alloc(6000, 'x');
    server.values.set('k', value);
    for (const count of [1, 2, 5]) {
      const socket = await server.connect();
      socket.end('GET k\r\n'.repeat(count));
      expect(await readToEnd(socket)).to.have.length(count * (7 + value.length + 2));
    }
    await gone(server);
  });

  it('lets a client that writes without reading wait, however much it writes', async () => {
    const server = await start({ limits: { maxReplyBytes: 1_000_000 } });
    const socket = await server.connect();
    socket.pause();
    const request = Buffer.from(`*2\r\n$4\r\nECHO\r\n$100000\r\n${'x'.repeat(100_000)}\r\n`);
    for (let count = 0; count < 400; count += 1) socket.write(request);
    socket.end();
    const left = await settled(() => socket.writableLength);
    expect(left).to.be.above(15_000_000);
    const [session] = server.resp.sessions;
    expect(session?.wantsRead).to.equal(false);
    expect(await readToEnd(socket)).to.have.length(400 * (9 + 100_000 + 2));
  });

  it('refuses clients beyond the limit before it reads anything', async () => {
    const server = await start({ maxClients: 2 });
    const first = await server.connect();
    const second = await server.connect();
    for (const socket of [first, second]) {
      socket.write('PING\r\n');
      await readBytes(socket, 7);
    }
    const third = await server.connect();
    expect(await readToEnd(third)).to.equal('-ERR max number of clients reached\r\n');
    expect(server.resp.connectionsRejected).to.equal(1);
    first.destroy();
    await once(first, 'close');
    await until(() => server.resp.sessionCount === 1);
    const fourth = await server.connect();
    fourth.write('PING\r\n');
    expect(await readBytes(fourth, 7)).to.equal('+PONG\r\n');
  });

  for (const replyFormat of ['lab', 'auto'] as const) {
    it(`refuses clients beyond the limit as the course does with reply_format ${replyFormat}`, async () => {
      const server = await start({ maxClients: 1, replyFormat });
      const first = await server.connect();
      first.write('PING\r\n');
      await readBytes(first, 7);
      expect(await readToEnd(await server.connect())).to.equal('-ERROR\r\n');
    });
  }

  it('forgets a client that is cut off, and what the store says to it', async () => {
    const server = await start({ manual: true });
    const socket = await server.connect();
    socket.write('SET k v\r\n');
    await until(() => server.requests.length === 1);
    socket.resetAndDestroy();
    await gone(server);
    server.answerAll();
    expect(server.resp.sessionCount).to.equal(0);
  });

  it('when closed, answers what is under way, and cuts off what takes too long', async () => {
    const server = await start({ manual: true });
    const socket = await server.connect();
    socket.write('SET k v\r\n');
    await until(() => server.requests.length === 1);
    const closed = server.resp.close(5000);
    server.answerAll();
    expect(await readToEnd(socket)).to.equal('+OK\r\n');
    socket.end();
    await closed;
    const other = await start({ manual: true });
    const stuck = await other.connect();
    stuck.write('SET k v\r\n');
    await until(() => other.requests.length === 1);
    await other.resp.close(10);
    expect(other.resp.sessionCount).to.equal(0);
  });

  it('rejects when the port is taken', async () => {
    const { port } = await start();
    const again = FakeStoreServer.start({ port });
    const error = await again.catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'EADDRINUSE');
  });

  describe('with a claim', () => {
    const taken: { socket: Socket; firstBytes: Buffer }[] = [];
    const claim = {
      prefix: PREFIX,
      take: (socket: Socket, firstBytes: Buffer) => {
        taken.push({ socket, firstBytes });
      },
    };

    afterEach(() => {
      for (const { socket } of taken.splice(0)) socket.destroy();
    });

    it('hands over a connection that begins with the prefix, with all its bytes', async () => {
      const server = await start({ claim });
      for (const cut of [0, 1, 5, PREFIX.length - 1, PREFIX.length]) {
        const socket = await server.connect();
        socket.setNoDelay(true);
        const bytes = Buffer.concat([PREFIX, Buffer.from('rest')]);
        if (cut > 0) socket.write(bytes.subarray(0, cut));
        await new Promise((resolve) => setTimeout(resolve, 5));
        socket.write(bytes.subarray(cut));
        await until(() => taken.length === 1);
        const [handed] = taken.splice(0);
        if (handed === undefined) throw new Error('not handed over');
        expect(handed.firstBytes.subarray(0, PREFIX.length).equals(PREFIX)).to.equal(true);
        expect(handed.socket.isPaused()).to.equal(true);
        for (const event of ['data', 'end', 'error', 'drain']) {
          expect(handed.socket.listenerCount(event), event).to.equal(event === 'end' ? 1 : 0);
        }
        const all = [handed.firstBytes];
        handed.socket.on('data', (chunk) => all.push(chunk));
        handed.socket.resume();
        await until(() => Buffer.concat(all).equals(bytes));
        handed.socket.destroy();
      }
      expect(server.resp.sessionCount).to.equal(0);
    });

    it('serves everybody else, with what was read meanwhile', async () => {
      const server = await start({ claim });
      for (let equal = 0; equal < PREFIX.length; equal += 1) {
        const socket = await server.connect();
        socket.setNoDelay(true);
        if (equal > 0) socket.write(PREFIX.subarray(0, equal));
        await new Promise((resolve) => setTimeout(resolve, 2));
        socket.write('?\r\nPING\r\n');
        socket.end();
        await readToEnd(socket);
      }
      const socket = await server.connect();
      socket.write('*1\r\n');
      socket.end('$4\r\nPING\r\n');
      expect(await readToEnd(socket)).to.equal('+PONG\r\n');
      expect(taken).to.deep.equal([]);
    });

    it('drops the longest silent connection when too many say nothing', async () => {
      const server = await start({ claim, maxClients: 2 });
      const silent = await server.connect();
      const ended = once(silent, 'close');
      silent.resume();
      silent.on('end', () => silent.destroy());
      await server.connect();
      await server.connect();
      await ended;
      const peer = await server.connect();
      peer.write(PREFIX);
      await until(() => taken.length === 1);
    });

    it('counts clients and the silent together', async () => {
      const server = await start({ claim, maxClients: 3, maxClientsAndSilent: 4 });
      for (let count = 0; count < 3; count += 1) {
        const client = await server.connect();
        client.write('PING\r\n');
        await readBytes(client, 7);
      }
      const silent = await server.connect();
      const ended = once(silent, 'close');
      silent.resume();
      silent.on('end', () => silent.destroy());
      const peer = await server.connect();
      await ended;
      peer.write(PREFIX);
      await until(() => taken.length === 1);
      expect(server.resp.sessionCount).to.equal(3);
    });
  });

  it('keeps no socket of those whom it refuses, however many come at once', async () => {
    const server = await start({ maxClients: 1, maxSockets: 2 });
    await server.connect();
    const many = await Promise.all(Array.from({ length: 50 }, () => server.connect()));
    for (const socket of many) {
      expect(await readToEnd(socket)).to.equal('-ERR max number of clients reached\r\n');
    }
  });
});

/** Waits for a condition that some event of the loop will make true; mocha's timeout bounds it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

function gone(server: FakeStoreServer): Promise<void> {
  return until(() => server.resp.sessionCount === 0);
}

/** The value once it has not changed for a while. */
async function settled(read: () => number): Promise<number> {
  let last = -1;
  for (let same = 0; same < 20; same += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (read() !== last) same = 0;
    last = read();
  }
  return last;
}
