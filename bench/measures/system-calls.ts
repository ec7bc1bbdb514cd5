/** Which system calls a process makes meanwhile, counted by strace, which slows it down. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export type SystemCalls = ReadonlyMap<string, number>;

/** `% time, seconds, usecs/call, calls, errors (or nothing), name`; the last line sums up. */
const LINE = /^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$/;

export function parseSummary(text: string): SystemCalls {
  const calls = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, count, name] = LINE.exec(line) ?? [];
    if (count !== undefined && name !== undefined && name !== 'total')
      calls.set(name, Number(count));
  }
  return calls;
}

export async function systemCallsDuring(
  pid: number,
  folder: string,
  act: () => Promise<unknown>,
): Promise<SystemCalls> {
  const path = join(folder, `system-calls-${pid}`);
  const strace = spawn('strace', ['-f', '-c', '-p', String(pid), '-o', path], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(strace, 'exit');
  let told = '';
  const attached = new Promise<boolean>((resolve) => {
    strace.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString();
      if (told.includes('attached')) resolve(true);
    });
  });
  const isAttached = await Promise.race([attached, ended.then(() => false)]);
  if (!isAttached) throw new Error(`strace ended: ${told}`);
  try {
    await act();
  } finally {
    strace.kill('SIGINT');
    await ended;
  }
  const calls = parseSummary(readFileSync(path, 'utf8'));
  rmSync(path);
  return calls;
}
