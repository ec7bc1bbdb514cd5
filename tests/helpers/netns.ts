/**
 * A network namespace of one's own, where any address may be given to the loopback interface
 * without rights on the host. `enterCommand` answers with the command line that runs a program
 * inside such a namespace, or with the reason why this machine does not allow one.
 */
import { spawnSync } from 'node:child_process';

export type Entry =
  | { readonly ok: true; readonly command: readonly string[] }
  | { readonly ok: false; readonly reason: string };

const PROBE_TIMEOUT_MS = 5000;

/** As root a network namespace is enough; others need a user namespace around it. */
const UNSHARE_VARIANTS: readonly (readonly string[])[] = [
  ['unshare', '--net'],
  ['unshare', '--map-root-user', '--net'],
];

function setupScript(addresses: readonly string[]): string {
  const steps = ['ip link set lo up'];
  for (const address of addresses) steps.push(`ip addr add ${address}/32 dev lo`);
  return `${steps.join(' && ')} && exec "$@"`;
}

/** The command before a program's own that gives it these loopback addresses. */
export function enterCommand(addresses: readonly string[]): Entry {
  let reason = 'unshare was not found';
  for (const unshare of UNSHARE_VARIANTS) {
    const command = [...unshare, 'sh', '-c', setupScript(addresses), 'sh'];
    const [program = '', ...words] = command;
    const probe = spawnSync(program, [...words, 'true'], {
      encoding: 'utf8',
      timeout: PROBE_TIMEOUT_MS,
    });
    if (probe.status === 0) return { ok: true, command };
    reason = (probe.error?.message ?? probe.stderr.trim().split('\n')[0]) || reason;
  }
  return { ok: false, reason };
}
