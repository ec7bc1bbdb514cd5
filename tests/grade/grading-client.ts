/**
 * A grading script's client: one connection a command through `nc -w SECONDS`, sent again while
 * the reply holds an error. Where nc is missing, a socket that behaves the same way replaces it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { oneShot, type OneShotOptions, request } from '../helpers/one-shot.js';

const ERROR_MARK = '-ERROR\r';

export interface GradingClientOptions {
  readonly host: string;
  readonly port: number;
  /** What `nc -w` gets. */
  readonly waitSeconds: number;
  readonly tries: number;
  readonly retryPauseMs: number;
  readonly useNc: boolean;
  /** When a socket may stop waiting; nc never does before its time. */
  readonly until?: OneShotOptions['until'];
}

export function hasNc(): boolean {
  return spawnSync('nc', ['-h'], { stdio: 'ignore' }).error === undefined;
}

function throughNc(options: GradingClientOptions, bytes: Buffer): Promise<Buffer> {
  const { host, port, waitSeconds } = options;
  return new Promise((resolve, reject) => {
    const child = spawn('nc', ['-w', String(waitSeconds), host, String(port)], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stdin.on('error', () => undefined);
    child.on('error', reject);
    child.on('close', () => {
      resolve(Buffer.concat(chunks));
    });
    child.stdin.end(bytes);
  });
}

export class GradingClient {
  readonly #options: GradingClientOptions;

  constructor(options: GradingClientOptions) {
    this.#options = options;
  }

  /** The reply to one command, after retries if need be. */
  async send(words: readonly string[], tries = this.#options.tries): Promise<Buffer> {
    const bytes = request(...words);
    let reply = await this.#once(bytes);
    for (let sent = 1; sent < tries && reply.includes(ERROR_MARK); sent += 1) {
      await delay(this.#options.retryPauseMs);
      reply = await this.#once(bytes);
    }
    return reply;
  }

  #once(bytes: Buffer): Promise<Buffer> {
    const { host, port, waitSeconds, useNc, until } = this.#options;
    if (useNc) return throughNc(this.#options, bytes);
    const idleMs = waitSeconds * 1000;
    return oneShot(host, port, bytes, until === undefined ? { idleMs } : { idleMs, until });
  }
}
