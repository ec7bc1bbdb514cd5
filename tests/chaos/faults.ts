/**
 * The faults themselves: each begins, and answers with how it is healed. A fault that can make a
 * process stop says which last words it explains.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Prng } from '../../src/base/prng.js';
import type { ChaosCluster, Role } from './chaos-cluster.js';
import { type Plan, shuffled } from './plan.js';
import type { Supervisor } from './supervisor.js';
import { Injection, type InjectionWords } from './injection.js';
import { tracedStart, Tracer } from './tracer.js';
import type { Topology } from './topology.js';

export interface FaultTools {
  readonly cluster: ChaosCluster;
  readonly supervisor: Supervisor;
  readonly topology: Topology;
}

export interface ActiveFault {
  readonly what: string;
  readonly heal: () => Promise<void>;
  /** Whether it took effect: asked when everything is whole again. */
  readonly hasStruck: () => boolean;
}

/** A sync or a write that failed leaves nothing to trust: the process stops. */
const DISK_FAILED = /log failed|\bEIO\b|i\/o error|cannot (sync|write|make|open|create|cut)/i;
const DISK_FULL = /no space|ENOSPC|log failed|full/i;
/** The longer one is beyond the time that a coordinator waits for the members it knows. */
const LONGEST_START_PAUSES_MS = [300, 800, 2500];
const MOST_BYTES_LEFT = 40_000;
const CLOCK_OFFSETS = ['+1h', '-1h', '+30d', '-30d', '+3650d', '-1500d', '+7s', '-7s'];

export async function begin(plan: Plan, tools: FaultTools): Promise<ActiveFault> {
  const { cluster, supervisor, topology } = tools;
  const role = cluster.role(plan.target);
  switch (plan.kind) {
    case 'kill':
      await supervisor.kill(role);
      return fault(`kill -9 of ${plan.target}`, () => {
        supervisor.up(role);
      });
    case 'pause':
      if (!role.process.isRunning) return noFault(`${plan.target} is down already`);
      role.process.pause();
      return fault(`SIGSTOP of ${plan.target}`, () => {
        if (role.process.isRunning) role.process.resume();
      });
    case 'partition':
      return partition(plan, topology);
    case 'isolation':
      return isolation(plan, topology);
    case 'full disk':
      return fullDisk(plan, tools);
    case 'failing sync':
    case 'failing write':
    case 'short write':
      return injected(plan, role, tools);
    case 'failing start':
      return failingStart(plan, role, tools);
    case 'restart of all':
      return restartOfAll(plan, tools);
    case 'wiped disk':
      await supervisor.kill(role);
      cluster.wipe(role);
      supervisor.up(role);
      return fault(`lost disk of ${plan.target}`, () => undefined);
    case 'clock jump':
      return clockJump(plan, cluster);
  }
}

function fault(
  what: string,
  heal: () => void | Promise<void>,
  hasStruck = (): boolean => true,
): ActiveFault {
  return {
    what,
    heal: async () => {
      await heal();
    },
    hasStruck,
  };
}

function noFault(why: string): ActiveFault {
  return fault(
    why,
    () => undefined,
    () => false,
  );
}

async function partition(plan: Plan, topology: Topology): Promise<ActiveFault> {
  const { target, other, direction } = plan;
  const cuts: [string, string][] = [];
  if (direction !== 'from') cuts.push([other, target]);
  if (direction !== 'to') cuts.push([target, other]);
  for (const [from, to] of cuts) await topology.cut(from, to);
  const said = cuts.map(([from, to]) => `${from} -> ${to}`).join(', ');
  return fault(`cut of ${said}`, async () => {
    for (const [from, to] of cuts) await topology.mend(from, to);
  });
}

async function isolation(plan: Plan, topology: Topology): Promise<ActiveFault> {
  const others = topology.places.map(({ name }) => name).filter((name) => name !== plan.target);
  const each = others.flatMap((name) => [
    [name, plan.target] as const,
    [plan.target, name] as const,
  ]);
  for (const [from, to] of each) await topology.cut(from, to);
  return fault(`isolation of ${plan.target}`, async () => {
    for (const [from, to] of each) await topology.mend(from, to);
  });
}

/** Whoever has no small disk of its own passes it on to the next one. */
function fullDisk(plan: Plan, { cluster, supervisor }: FaultTools): ActiveFault {
  const { roles } = cluster;
  const first = roles.findIndex((role) => role.process.name === plan.target);
  const role = [...roles.slice(first), ...roles].find(({ disk }) => disk !== undefined);
  const disk = role?.disk;
  if (role === undefined || disk === undefined) throw new Error('nobody has a small disk');
  supervisor.excuse(role, DISK_FULL);
  // A little room makes the first write that does not fit a short one.
  const butBytes = plan.choice % 3 === 0 ? 0 : plan.choice % MOST_BYTES_LEFT;
  disk.fill(butBytes);
  return fault(`full disk of ${role.process.name}, but for ${butBytes} bytes`, () => {
    disk.free();
  });
}

async function injected(plan: Plan, role: Role, tools: FaultTools): Promise<ActiveFault> {
  const { cluster, supervisor } = tools;
  if (!role.process.isRunning) return noFault(`${plan.target} is down already`);
  const injection = new Injection(role, injectionOf(plan));
  if (plan.kind !== 'short write') supervisor.excuse(role, ANY_DISK_TROUBLE);
  const tracer = await Tracer.attach(cluster, injection);
  const what = `${plan.kind} of ${plan.target} (${injection.what})`;
  return fault(
    what,
    () => tracer.detach(),
    () => injection.hasStruck,
  );
}

const ANY_DISK_TROUBLE = new RegExp(`${DISK_FAILED.source}|${DISK_FULL.source}`, 'i');
const WRITES = 'write,writev,pwrite64,pwritev';

function injectionOf({ kind, choice }: Plan): InjectionWords {
  const nth = 1 + (choice % 40);
  if (kind === 'failing sync') {
    const effect = `error=EIO:when=${nth}${choice % 2 === 0 ? '' : '+'}`;
    return { calls: 'fdatasync', effect };
  }
  if (kind === 'failing write') {
    const error = choice % 3 === 0 ? 'EIO' : 'ENOSPC';
    return { calls: WRITES, effect: `error=${error}:when=${nth}+`, onLogOnly: true };
  }
  // An honest short write: no byte was written, and the call says so. With any other count strace
  // would not let the call happen either, and the log would lack bytes that it was told it has.
  return { calls: WRITES, effect: `retval=0:when=${nth}..${nth + 3}`, onLogOnly: true };
}

/** A start whose first syncs fail, as after a disk came back half well. */
async function failingStart(plan: Plan, role: Role, tools: FaultTools): Promise<ActiveFault> {
  const { cluster, supervisor } = tools;
  await supervisor.kill(role);
  const effect = `error=EIO:when=${1 + (plan.choice % 6)}`;
  const injection = new Injection(role, { calls: 'fdatasync,fsync', effect });
  supervisor.excuse(role, ANY_DISK_TROUBLE);
  supervisor.up(role, tracedStart(cluster, injection));
  const heal = async (): Promise<void> => {
    // What has started well is traced on otherwise, up to a failure when nobody expects one.
    await supervisor.kill(role);
    supervisor.up(role);
  };
  const what = `start of ${plan.target} with ${injection.what}`;
  return fault(what, heal, () => injection.hasStruck);
}

async function restartOfAll(plan: Plan, tools: FaultTools): Promise<ActiveFault> {
  const { cluster, supervisor } = tools;
  const prng = new Prng(plan.choice);
  await Promise.all(shuffled(prng, cluster.roles).map((role) => supervisor.kill(role)));
  const longest = LONGEST_START_PAUSES_MS[plan.choice % LONGEST_START_PAUSES_MS.length] ?? 0;
  return fault('kill -9 of all', async () => {
    for (const role of shuffled(prng, cluster.roles)) {
      supervisor.up(role);
      await delay(prng.below(longest));
    }
  });
}

function clockJump(plan: Plan, cluster: ChaosCluster): ActiveFault {
  const clocked = cluster.roles.filter(({ clockFile }) => clockFile !== undefined);
  const offset = CLOCK_OFFSETS[plan.choice % CLOCK_OFFSETS.length] ?? '+1h';
  const role = clocked[plan.choice % clocked.length];
  if (role === undefined) return noFault('nobody has a clock of its own');
  cluster.setClock(role, offset);
  return fault(`wall clock of ${role.process.name} off by ${offset}`, () => {
    cluster.setClock(role, '+0s');
  });
}
