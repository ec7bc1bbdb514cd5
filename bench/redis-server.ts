/** A redis-server that answers a write only after it is synced, on a free port of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../tests/helpers/free-ports.js';
import { RespConnection } from '../tests/helpers/resp-connection.js';

const HOST = '127.0.0.1';
const START_TRIES = 100;
const START_PAUSE_MS = 50;

export class RedisServer {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {}

  static async start(folder: string): Promise<RedisServer> {
    const [port = 0] = await freePorts(1);
    const words =
      `--port ${port} --bind ${HOST} --dir ${folder} --daemonize no ` +
      `--appendonly yes --appendfsync always`;
    const child = spawn('redis-server', [...words.split(' '), '--save', ''], { stdio: 'ignore' });
    child.on('error', () => undefined);
    const server = new RedisServer(child, port);
    process.on('exit', () => child.kill('SIGKILL'));
    for (let tries = 0; tries < START_TRIES; tries += 1) {
      try {
        (await RespConnection.open(HOST, port)).close();
        return server;
      } catch {
        await delay(START_PAUSE_MS);
      }
    }
    throw new Error('redis-server does not start');
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
  }
}
