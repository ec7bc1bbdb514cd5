/**
 * Loopback ports for tests. They are taken at random below the range from which the kernel picks
 * the source ports of outgoing connections: a port inside that range may be taken by a client's
 * connection while its server is down, and a client that reconnects to it may even reach itself.
 * A port that was handed out once is not handed out again by this process.
 */
import { createServer } from 'node:net';

const LOWEST_PORT = 12_000;
const PORT_COUNT = 20_000;
const MAX_TRIES = 500;
const handedOut = new Set<number>();

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

export async function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries += 1) {
    if (tries === MAX_TRIES) throw new Error(`no ${count} free ports found on ${host}`);
    const port = LOWEST_PORT + Math.floor(Math.random() * PORT_COUNT);
    if (handedOut.has(port) || !(await isFree(host, port))) continue;
    handedOut.add(port);
    ports.push(port);
  }
  return ports;
}
