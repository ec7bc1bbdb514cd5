/** The load generator against a server that stalls once: who is charged for it. */
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { LoadGenerator } from '../../bench/load/load-generator.js';
import { BASE_LOAD } from '../../bench/load/load-spec.js';
import { RequestReader } from '../../src/resp/request-reader.js';
import { TEST_READER_LIMITS } from '../unit/resp/read-requests.js';

const STALL_MS = 300;
const STALLS_AT = 100;

/** Answers every request at once; the hundredth, and all behind it, only after the stall. */
class StallingServer {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private requests = 0;
  private readyAt = 0;

  constructor(private readonly reply: string) {
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      this.serve(socket);
    });
  }

  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.server.listen(0, '127.0.0.1', () => {
        resolve((this.server.address() as AddressInfo).port);
      });
    });
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  private serve(socket: Socket): void {
    const reader = new RequestReader(TEST_READER_LIMITS);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      reader.push(chunk);
      while (reader.next() !== null) this.answer(socket);
    });
  }

  private answer(socket: Socket): void {
    this.requests += 1;
    const now = performance.now();
    if (this.requests === STALLS_AT) this.readyAt = now + STALL_MS;
    const late = this.readyAt - now;
    if (late <= 0) socket.write(this.reply);
    else setTimeout(() => socket.write(this.reply), late);
  }
}

describe('the load generator', () => {
  let server: StallingServer;
  let generator: LoadGenerator;

  async function begin(reply: string): Promise<number> {
    server = new StallingServer(reply);
    generator = new LoadGenerator();
    return server.listen();
  }

  afterEach(() => {
    generator.end();
    server.close();
  });

  it('charges a stall to all who were due meanwhile in an open loop', async () => {
    const port = await begin('+OK\r\n');
    const load = { ...BASE_LOAD, port, connections: 4, warmUpSeconds: 0, seconds: 1 };
    const report = await generator.run({ ...load, rate: 500 });
    expect(report.requests).to.be.within(450, 520);
    // It lasts for 0.3 of the second: 150 requests are due meanwhile, and each has a part of it.
    expect(report.maxMs).to.be.at.least(STALL_MS - 10);
    expect(report.p99Ms).to.be.at.least(STALL_MS * 0.8);
  });

  it('charges it to one request a connection in a closed loop', async () => {
    const port = await begin('+OK\r\n');
    const load = { ...BASE_LOAD, port, connections: 1, warmUpSeconds: 0, seconds: null };
    const report = await generator.run({ ...load, requests: 500 });
    expect(report.requests).to.equal(500);
    expect(report.maxMs).to.be.at.least(STALL_MS - 10);
    expect(report.p99Ms).to.be.below(STALL_MS / 2);
  });

  it('takes a run with error replies for no measurement', async () => {
    const port = await begin('-ERR no\r\n');
    const load = { ...BASE_LOAD, port, connections: 1, warmUpSeconds: 0, seconds: null };
    let told = '';
    await generator.run({ ...load, requests: 10 }).catch((error: unknown) => {
      told = String(error);
    });
    expect(told).to.match(/^Error: 1\d of 10 requests got errors: ERR no/);
  });
});
