/** One redis-server that answers a write only after it is synced, on a free port of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../../tests/helpers/free-ports.js';
import { RespConnection, textOf } from '../../tests/helpers/resp-connection.js';
import type { Operation } from '../load/load-spec.js';
import { killed } from './killed.js';
import type { System } from './system.js';

const HOST = '127.0.0.1';
const TRIES = 400;
const PAUSE_MS = 50;

export class RedisServer implements System {
  readonly label = 'redis-server alone, appendfsync always';
  readonly set: Operation = 'set';

  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {}

  static async start(parentFolder: string, words: readonly string[] = []): Promise<RedisServer> {
    const [port = 0] = await freePorts(1);
    const folder = mkdtempSync(join(parentFolder, 'redis-'));
    const settings =
      `--port ${port} --bind ${HOST} --dir ${folder} --daemonize no ` +
      `--appendonly yes --appendfsync always`;
    const all = [...settings.split(' '), '--save', '', ...words];
    const child = spawn('redis-server', all, { stdio: 'ignore' });
    child.on('error', () => undefined);
    const server = new RedisServer(child, port);
    process.on('exit', () => child.kill('SIGKILL'));
    await server.until('the server answers', async () => {
      return textOf(await server.ask('PING')) === 'PONG';
    });
    return server;
  }

  get pids(): readonly number[] {
    return this.child.pid === undefined ? [] : [this.child.pid];
  }

  async info(section: string): Promise<string> {
    return textOf(await this.ask('INFO', section));
  }

  /** Asks again and again; a connection may fail meanwhile. */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (this.child.exitCode !== null) break;
      if (await holds().catch(() => false)) return;
      await delay(PAUSE_MS);
    }
    throw new Error(`redis-server: waited in vain until ${what}`);
  }

  stop(): Promise<void> {
    return killed(this.child);
  }

  private async ask(...words: readonly string[]): ReturnType<RespConnection['command']> {
    const connection = await RespConnection.open(HOST, this.port);
    try {
      return await connection.command(...words);
    } finally {
      connection.close();
    }
  }
}
