/**
 * What this machine lets a chaos run do, found out by trying it once. Whatever is missing leaves
 * out the faults that need it, by name; where `KV_REQUIRE_TOOLS` or `CI` is set it is an error, so
 * that no fault is silently left out there.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../helpers/run-program.js';
import { SmallDisk } from '../helpers/small-disk.js';
import { findTool } from '../helpers/tools.js';

export type Ability = 'partitions' | 'small disks' | 'strace' | 'faketime';

export interface Abilities {
  /** Why an ability is missing; one that is not listed is there. */
  readonly missing: ReadonlyMap<Ability, string>;
  /** Environment that makes a program take its wall clock from a file; empty without faketime. */
  readonly fakeClock: Readonly<Record<string, string>>;
}

/** `inside`: this process is in namespaces of its own, so that it may change networks. */
export async function findAbilities(inside: boolean): Promise<Abilities> {
  const missing = new Map<Ability, string>();
  const note = (ability: Ability, reason: string | null): void => {
    if (reason !== null) missing.set(ability, reason);
  };
  note('partitions', inside ? await partitionProblem() : 'no network namespace is possible here');
  note('small disks', smallDiskProblem(inside));
  note('strace', await straceProblem());
  const library = await fakeTimeLibrary();
  note('faketime', library === null ? 'faketime is not installed' : null);
  const fakeClock: Record<string, string> =
    library === null
      ? {}
      : {
          LD_PRELOAD: library,
          FAKETIME_CACHE_DURATION: '1',
          // Time-outs run on the monotonic clock, which no operator turns.
          DONT_FAKE_MONOTONIC: '1',
          FAKETIME_DONT_FAKE_MONOTONIC: '1',
        };
  return { missing, fakeClock };
}

export function toolsAreRequired(): boolean {
  const { KV_REQUIRE_TOOLS, CI } = process.env;
  return KV_REQUIRE_TOOLS !== undefined || CI === '1' || CI === 'true';
}

async function partitionProblem(): Promise<string | null> {
  if (findTool('iptables') === null) return 'iptables is not installed';
  const probe = await run('iptables', ['-w', '-A', 'INPUT', '-s', '10.77.255.1', '-j', 'DROP']);
  if (probe.code !== 0) return `iptables: ${firstLine(probe.stderr)}`;
  await run('iptables', ['-w', '-F', 'INPUT']);
  return null;
}

/** Outside a mount namespace of its own a run that dies would leave the file systems behind. */
function smallDiskProblem(inside: boolean): string | null {
  if (!inside) return 'no mount namespace is possible here';
  const disk = SmallDisk.mount(1);
  disk?.unmount();
  return disk === undefined ? 'this machine lets nobody mount a tmpfs' : null;
}

async function straceProblem(): Promise<string | null> {
  if (findTool('strace') === null) return 'strace is not installed';
  const folder = mkdtempSync(join(tmpdir(), 'kv2pc-probe-'));
  const inject = ['-e', 'trace=fdatasync', '-e', 'inject=fdatasync:error=EIO:when=1'];
  const probe = await run('strace', ['-D', '-f', '-o', join(folder, 'trace'), ...inject, 'true']);
  rmSync(folder, { recursive: true });
  return probe.code === 0 ? null : `strace: ${firstLine(probe.stderr)}`;
}

async function fakeTimeLibrary(): Promise<string | null> {
  if (findTool('faketime') === null) return null;
  // The one for programs with several threads; the wrapper knows where it is.
  const probe = await run('faketime', ['-m', '-f', '+0s', 'printenv', 'LD_PRELOAD']);
  const path =
    probe.stdout
      .trim()
      .split(/[\s:]+/)
      .at(-1) ?? '';
  return probe.code === 0 && path !== '' ? path : null;
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
