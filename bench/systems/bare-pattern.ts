/**
 * The floor: nothing but the way of a request through one process in front and three that sync, as
 * `bench/floor/` has it. No store; what it reaches is what is left to reach for ours.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../../tests/helpers/free-ports.js';
import { RespConnection } from '../../tests/helpers/resp-connection.js';
import { BASE_LOAD, type Operation } from '../load/load-spec.js';
import { killed } from './killed.js';
import type { System } from './system.js';

const REPLICAS = 3;
const SCRIPTS = join(import.meta.dirname, '..', 'floor');
const TRIES = 200;
const PAUSE_MS = 25;

export class BarePattern implements System {
  readonly label = 'the bare pattern';
  readonly set: Operation = 'set';

  private constructor(
    private readonly children: readonly ChildProcess[],
    readonly port: number,
  ) {}

  static async start(folder: string): Promise<BarePattern> {
    const [port = 0, ...ports] = await freePorts(1 + REPLICAS);
    const children = ports.map((each) =>
      fork(join(SCRIPTS, 'replica.js'), [
        ...[String(each), join(folder, `floor-${each}.log`), String(BASE_LOAD.valueBytes)],
      ]),
    );
    for (const each of ports) await answering(each);
    children.push(fork(join(SCRIPTS, 'front.js'), [port, ...ports].map(String)));
    await answering(port);
    return new BarePattern(children, port);
  }

  get pids(): readonly number[] {
    return this.children.flatMap(({ pid }) => pid ?? []);
  }

  async stop(): Promise<void> {
    await Promise.all(this.children.map((child) => killed(child)));
  }
}

async function answering(port: number): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    try {
      (await RespConnection.open('127.0.0.1', port)).close();
      return;
    } catch {
      await delay(PAUSE_MS);
    }
  }
  throw new Error('a process of the bare pattern does not listen');
}
