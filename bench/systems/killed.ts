/** The end of a process that has nothing to lose. */
import type { ChildProcess } from 'node:child_process';

/** Resolves when it is gone, also if it was before. */
export async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
