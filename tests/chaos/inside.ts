/**
 * Runs this very program once more inside namespaces of its own: network, mounts, processes. What
 * it makes there – addresses, filters, file systems, processes – exists nowhere else, and the
 * kernel removes all of it when the program inside ends, however it ends.
 */
import { spawn, spawnSync } from 'node:child_process';

/** As root it needs no user namespace; others are root in one of their own. */
const VARIANTS: readonly (readonly string[])[] = [[], ['--map-root-user']];
const NAMESPACES = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
const PROBE = ['sh', '-c', 'ip link set lo up && ip link add probe0 type bridge'];
const PROBE_TIMEOUT_MS = 5000;
const INSIDE = '--inside';

/** The word alone could be given by hand; the first process of a namespace cannot. */
export function isInside(): boolean {
  return process.argv.includes(INSIDE) && process.pid === 1;
}

/** The exit status of the program inside, or why there is no inside on this machine. */
export async function runInside(): Promise<number | string> {
  let reason = 'unshare was not found';
  for (const variant of VARIANTS) {
    const words = [...variant, ...NAMESPACES];
    const probe = spawnSync('unshare', [...words, ...PROBE], {
      encoding: 'utf8',
      timeout: PROBE_TIMEOUT_MS,
    });
    if (probe.status === 0) return start(words);
    reason = (probe.error?.message ?? probe.stderr.trim().split('\n')[0]) || reason;
  }
  return reason;
}

/** Standard input is a pipe whose end tells the program inside that this one is gone. */
function start(words: readonly string[]): Promise<number> {
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1), INSIDE];
  const child = spawn('unshare', [...words, ...again], { stdio: ['pipe', 'inherit', 'inherit'] });
  child.stdin.on('error', () => undefined);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => child.stdin.end());
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve(code ?? 1);
    });
  });
}
