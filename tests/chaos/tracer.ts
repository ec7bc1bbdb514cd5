/**
 * strace as a source of failing system calls. It is attached to a running server, or begins one as
 * a detached tracer, so that the server keeps its process id; and it is detached by an interrupt,
 * after which the server runs on as if nothing had been.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ChaosCluster, Role } from './chaos-cluster.js';
import type { Injection } from './injection.js';

const ATTACH_TIMEOUT_MS = 5000;
const DETACH_TIMEOUT_MS = 3000;
/** Segments that do not exist yet are named too. */
const SEGMENTS_AHEAD = 20;

const tracers = new Set<ChildProcess>();
process.on('exit', () => {
  for (const tracer of tracers) tracer.kill('SIGKILL');
});

export class Tracer {
  readonly #child: ChildProcess;
  #hasEnded = false;

  private constructor(child: ChildProcess) {
    this.#child = child;
    tracers.add(child);
    child.on('close', () => {
      this.#hasEnded = true;
      tracers.delete(child);
    });
  }

  /** Resolves when the injection is in force, or when there is nothing left to trace. */
  static async attach(cluster: ChaosCluster, injection: Injection): Promise<Tracer> {
    const words = [...wordsOf(cluster, injection), '-p', String(injection.role.process.pid)];
    const child = spawn('strace', words, { stdio: ['ignore', 'ignore', 'pipe'] });
    const tracer = new Tracer(child);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ATTACH_TIMEOUT_MS);
      const ready = (): void => {
        clearTimeout(timer);
        resolve();
      };
      child.stderr.on('data', (text: Buffer) => {
        if (text.toString().includes('attached')) ready();
      });
      child.on('error', ready);
      child.on('close', ready);
    });
    return tracer;
  }

  async detach(): Promise<void> {
    if (this.#hasEnded) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGINT');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), DETACH_TIMEOUT_MS);
    await closed;
    clearTimeout(timer);
  }
}

/** The words before a server's command that start it with the injection in force. */
export function tracedStart(cluster: ChaosCluster, injection: Injection): string[] {
  return ['strace', '-D', ...wordsOf(cluster, injection)];
}

function wordsOf(cluster: ChaosCluster, { role, words, path }: Injection): string[] {
  const { calls, effect, onLogOnly } = words;
  const all = ['-f', '-A', '-o', path, '-e', `trace=${calls}`, '-e', `inject=${calls}:${effect}`];
  return onLogOnly === true ? [...all, ...logPaths(cluster, role)] : all;
}

function logPaths(cluster: ChaosCluster, role: Role): string[] {
  const folder = cluster.logFolderOf(role);
  if (folder === null) return [];
  const newest = cluster.newestSegmentOf(role);
  const paths: string[] = [];
  for (let ahead = 0; ahead <= SEGMENTS_AHEAD; ahead += 1) {
    const name = `${String(newest + ahead).padStart(8, '0')}.log`;
    paths.push('-P', join(folder, name));
  }
  return paths;
}
