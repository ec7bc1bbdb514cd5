/** The network over TCP: the contract of the port, and what only real sockets can do. */
import { expect } from 'chai';
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { bytesOf } from '../../../src/base/bytes.js';
import { TcpNetwork } from '../../../src/io/tcp-network.js';
import { UnprovedPeers } from '../../../src/io/unproved-peers.js';
import { NO_EPOCH } from '../../../src/base/ids.js';
import type { DialHandler, PeerAcceptor, PeerConnection } from '../../../src/ports/network.js';
import { PEER_PREFIX, encodeReply, encodeRequest } from '../../../src/rpc/codec.js';
import { MAX_UNPROVED_BYTES } from '../../../src/rpc/limits.js';
import type { Hello, Reply, Request } from '../../../src/rpc/messages.js';
import { ReplyReader } from '../../../src/rpc/reply-reader.js';
import { type NetworkHarness, runNetworkTests } from '../../conformance/network.js';

const HELLO: Hello = {
  type: 'hello',
  version: 1,
  purpose: 'data',
  clusterId: '',
  storeId: '',
  dialled: '',
  coordinator: '',
  nonce: '',
};
const WELCOME: Reply = {
  type: 'welcome',
  version: 1,
  clusterId: '',
  storeId: '',
  nonce: '',
  mac: '',
};
const PROVED: Reply = { type: 'proved' };

/** Servers and sockets of one test, all closed behind it. */
class Sandbox {
  readonly network = new TcpNetwork(500);
  readonly sockets: Socket[] = [];
  private readonly servers: Server[] = [];

  async serve(onSocket: (socket: Socket) => void, host = '127.0.0.1'): Promise<string> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      this.sockets.push(socket);
      onSocket(socket);
    });
    this.servers.push(server);
    server.listen(0, host);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  }

  /** As the port for clients does: reads until it knows a peer, then hands the socket over. */
  listen(acceptor: PeerAcceptor, host?: string): Promise<string> {
    return this.serve((socket) => {
      let first = Buffer.alloc(0);
      const read = (chunk: Buffer): void => {
        first = Buffer.concat([first, chunk]);
        if (first.length < PEER_PREFIX.length) return;
        socket.pause();
        socket.removeAllListeners('data').removeAllListeners('error');
        this.network.acceptPeer(socket, first, acceptor);
      };
      socket.on('data', read).on('error', () => undefined);
    }, host);
  }

  async connect(address: string): Promise<Socket> {
    const port = Number(address.slice(address.lastIndexOf(':') + 1));
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    socket.on('error', () => undefined);
    this.sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.on('error', () => undefined).destroy();
    for (const server of this.servers) {
      server.close();
      await once(server, 'close');
    }
  }
}

runNetworkTests('tcp', async () => {
  const sandbox = new Sandbox();
  const harness: NetworkHarness = {
    network: sandbox.network,
    listen: (acceptor) => sandbox.listen(acceptor),
    nowhere: async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      server.close();
      await once(server, 'close');
      return `127.0.0.1:${port}`;
    },
    progress: () => endOfTurn(),
    sever: () => {
      for (const socket of sandbox.sockets) socket.resetAndDestroy();
    },
    stop: () => sandbox.stop(),
  };
  return Promise.resolve(harness);
});

interface Ended {
  readonly handler: DialHandler;
  readonly reason: Promise<string>;
  readonly opened: Promise<void>;
  readonly replies: Reply[];
}

function watch(): Ended {
  const replies: Reply[] = [];
  const events = new EventEmitter();
  const handler: DialHandler = {
    opened: () => events.emit('opened'),
    reply: (message) => replies.push(message),
    closed: (reason) => events.emit('closed', reason),
  };
  const opened = once(events, 'opened').then(() => undefined);
  const reason = once(events, 'closed').then(([text]) => String(text));
  return { handler, reason, opened, replies };
}

async function readToEnd(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('io/tcp-network', () => {
  let sandbox: Sandbox;
  beforeEach(() => {
    sandbox = new Sandbox();
  });
  afterEach(() => sandbox.stop());

  it('dials host names and IPv6 addresses in brackets', async () => {
    const accept: PeerAcceptor = (far) => ({
      request: () => far.send(PROVED),
      closed: () => undefined,
    });
    const v6 = await sandbox.listen(accept, '::1');
    const v4 = await sandbox.listen(accept);
    for (const address of [v6, v4, v4.replace('127.0.0.1', 'localhost')]) {
      const saw = watch();
      sandbox.network.dial(address, saw.handler).send(HELLO);
      await saw.opened;
    }
  });

  it('says what is wrong with an address', async () => {
    for (const address of ['', 'host', '1.2.3.4:99999', '::1:80', 'a b:1']) {
      const saw = watch();
      sandbox.network.dial(address, saw.handler);
      expect(await saw.reason).to.match(/HOST:PORT|port|address/);
    }
  });

  it('says why nobody can be reached', async () => {
    const saw = watch();
    sandbox.network.dial('127.0.0.1:1', saw.handler);
    expect(await saw.reason).to.contain('ECONNREFUSED');
  });

  it('gives up on a dial that is not answered in time', async () => {
    const address = await sandbox.serve((socket) => socket.resume());
    const saw = watch();
    new TcpNetwork(1).dial(address, saw.handler);
    // Alarms are looked at before sockets: by then this one is due, and no answer was read.
    const until = performance.now() + 5;
    while (performance.now() < until);
    expect(await saw.reason).to.equal('no connection within 1 ms');
  });

  it('writes what was sent in one turn at once', async () => {
    const arrived: number[] = [];
    const address = await sandbox.serve((socket) => {
      socket.on('data', (chunk: Buffer) => arrived.push(chunk.length));
    });
    const saw = watch();
    const near = sandbox.network.dial(address, saw.handler);
    await saw.opened;
    for (let i = 0; i < 100; i += 1) near.send(HELLO);
    expect(near.bytesWritten).to.equal(0);
    const total = 100 * bytesOf(encodeRequest(HELLO)).length;
    expect(near.bufferedBytes).to.equal(total);
    while (arrived.length === 0) await endOfTurn();
    expect(arrived).to.deep.equal([total]);
  });

  it('flushes when asked, without waiting for the end of the turn', async () => {
    const address = await sandbox.serve((socket) => socket.resume());
    const saw = watch();
    const near = sandbox.network.dial(address, saw.handler);
    await saw.opened;
    near.send(HELLO);
    sandbox.network.flush();
    expect(near.bytesWritten).to.equal(bytesOf(encodeRequest(HELLO)).length);
    expect(near.bufferedBytes).to.equal(0);
  });

  it('shows how much a peer that does not read has not taken', async () => {
    const address = await sandbox.serve((socket) => socket.pause());
    const saw = watch();
    const near = sandbox.network.dial(address, saw.handler);
    await saw.opened;
    const bytes = Buffer.alloc(1_000_000);
    for (let i = 0; i < 32; i += 1) {
      near.send({ type: 'piece', stage: 's', offset: 0, total: 1, bytes });
    }
    sandbox.network.flush();
    await endOfTurn();
    expect(near.bufferedBytes).to.be.greaterThan(1_000_000);
    expect(near.bufferedBytes + near.bytesWritten).to.be.greaterThan(32_000_000);
    near.close();
  });

  it('cuts a closed connection whose peer takes nothing', async () => {
    const address = await sandbox.serve((socket) => socket.pause());
    const saw = watch();
    const near = sandbox.network.dial(address, saw.handler);
    await saw.opened;
    const bytes = Buffer.alloc(16_000_000);
    near.send({ type: 'piece', stage: 's', offset: 0, total: 1, bytes });
    near.close();
    expect(near.bufferedBytes).to.be.greaterThan(0);
    while (near.bufferedBytes > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it('ends a dialled connection that answers anything else', async () => {
    const address = await sandbox.serve((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n'));
    const saw = watch();
    sandbox.network.dial(address, saw.handler);
    expect(await saw.reason).to.match(/^protocol error: .*RESP/);
    expect(saw.replies).to.deep.equal([]);
  });

  for (const [what, bytes] of [
    ['an unknown message', '*1\r\n$8\r\n2PC.NOPE\r\n'],
    ['no RESP array', 'PING\r\n'],
    ['a malformed field', '*2\r\n$9\r\n2PC.SOUND\r\n$2\r\n01\r\n'],
    ['a huge bulk', '*2\r\n$9\r\n2PC.SOUND\r\n$99999999999\r\n'],
    ['a client behind a hello', '*1\r\n$4\r\nPING\r\n'],
  ] as const) {
    it(`tells a peer that sent ${what}, and closes`, async () => {
      const requests: Request[] = [];
      let reason = '';
      const address = await sandbox.listen(() => ({
        request: (message) => requests.push(message),
        closed: (why) => {
          reason = why;
        },
      }));
      const socket = await sandbox.connect(address);
      socket.write(bytesOf(encodeRequest(HELLO)));
      while (requests.length === 0) await endOfTurn();
      socket.write(bytes);
      const [reply] = new ReplyReader().push(await readToEnd(socket));
      expect(reply).to.deep.include({ type: 'refused', code: 'protocol', epoch: NO_EPOCH });
      expect(reason).to.match(/^protocol error/);
      expect(requests).to.deep.equal([HELLO]);
    });
  }

  it('does not care what arrives behind its own close', async () => {
    let reason = '';
    const address = await sandbox.listen((far) => ({
      request: () => {
        far.send(PROVED);
        far.close();
      },
      closed: (why) => {
        reason = why;
      },
    }));
    const socket = await sandbox.connect(address);
    socket.write(bytesOf(encodeRequest(HELLO)));
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(new ReplyReader().push(first)).to.deep.equal([PROVED]);
    const handled = Promise.all(sandbox.sockets.map((each) => once(each, 'close')));
    socket.end('PING\r\n');
    await handled;
    expect(reason).to.equal('');
  });

  it('reads little from whoever has not proved anything', async () => {
    let reason = '';
    const accepted: PeerConnection<Reply>[] = [];
    const address = await sandbox.listen((connection) => {
      accepted.push(connection);
      return {
        request: () => undefined,
        closed: (why) => {
          reason = why;
        },
      };
    });
    const [stranger, proven] = [await sandbox.connect(address), await sandbox.connect(address)];
    const hello = bytesOf(encodeRequest(HELLO));
    const flood = Buffer.alloc(MAX_UNPROVED_BYTES + hello.length, hello);
    proven.write(hello);
    while (accepted.length === 0) await endOfTurn();
    accepted[0]?.send(PROVED);
    proven.write(flood);
    while ((accepted[0]?.bytesRead ?? 0) < flood.length) await endOfTurn();
    expect(reason).to.equal('');
    stranger.write(flood);
    await readToEnd(stranger);
    expect(reason).to.match(/handshake/);
  });

  it('reads little from a dialled peer before it has said that we are proved', async () => {
    const refused = encodeReply({ type: 'refused', code: 'failed', text: '', epoch: NO_EPOCH });
    const address = await sandbox.serve((socket) => {
      const frame = bytesOf(refused);
      socket.write(
        Buffer.alloc(Math.ceil(MAX_UNPROVED_BYTES / frame.length + 1) * frame.length, frame),
      );
    });
    const saw = watch();
    sandbox.network.dial(address, saw.handler);
    expect(await saw.reason).to.match(/handshake/);
  });

  it('keeps few peers that have not proved themselves, and all that have', async () => {
    const network = new TcpNetwork(500, new UnprovedPeers(1));
    const ended: string[] = [];
    const accepted = (at: number): Promise<Socket> =>
      sandbox
        .serve((socket) => {
          network.acceptPeer(socket, bytesOf(encodeRequest(HELLO)), (connection) => ({
            request: () => connection.send(at === 1 ? PROVED : WELCOME),
            closed: (reason) => ended.push(`${at} ${reason}`),
          }));
        })
        .then((address) => sandbox.connect(address));
    const proved = await accepted(1);
    await once(proved, 'data');
    const oldest = await accepted(2);
    await once(oldest, 'data');
    const newest = await accepted(3);
    await once(newest, 'data');
    expect(ended).to.deep.equal(['2 too many peers have not proved themselves']);
    expect((await readToEnd(oldest)).length).to.equal(0);
  });

  it('takes over a socket that has died in the meantime', async () => {
    const address = await sandbox.serve((socket) => socket.resume());
    const socket = await sandbox.connect(address);
    socket.destroy();
    const reason = await new Promise<string>((resolve) => {
      const hello = bytesOf(encodeRequest(HELLO));
      sandbox.network.acceptPeer(socket, hello, () => ({
        request: () => resolve('a request'),
        closed: resolve,
      }));
    });
    expect(reason).to.contain('lost');
  });
});
