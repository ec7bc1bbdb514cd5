/**
 * One seeded run of a simulated cluster: clients, faults drawn from the seed, then everything heals
 * and the cluster must be whole again, with nothing that was acknowledged missing.
 */
import { Prng } from '../../src/base/prng.js';
import { COLD_KEYS, Faults } from './fuzz-faults.js';
import { SimCluster } from './sim-cluster.js';
import { Workload } from './workload.js';

export interface FuzzResult {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly acknowledged: number;
  readonly reads: number;
  readonly faults: readonly string[];
  readonly errors: ReadonlyMap<string, number>;
  readonly transcript: readonly string[];
}

export interface FuzzOptions {
  readonly isTraced?: boolean;
  readonly safetyMs?: number;
}

const MEAN_PAUSE_MS = 20;

export function fuzz(seed: number, options: FuzzOptions = {}): FuzzResult {
  const prng = new Prng(seed);
  const isScrubbed = prng.chance(0.3);
  const cluster = new SimCluster({
    participants: 1 + prng.below(4),
    seed: prng.next(),
    maxDelayMs: prng.chance(0.3) ? 20 : 1,
    syncMs: prng.chance(0.3) ? 10 : 0.5,
    scrubIntervalMs: isScrubbed ? 2 : 1e9,
    isTraced: options.isTraced ?? false,
  });
  const faults = new Faults(cluster, new Prng(prng.next()));
  const enabled = faults.names.filter((name) =>
    name === 'flipBit' ? isScrubbed : prng.chance(0.4),
  );
  const workload = new Workload(
    cluster,
    prng.next(),
    { keys: 1 + prng.below(8), pairs: prng.below(3), pipeline: 1 + prng.below(5) },
    () => {
      const { second } = faults;
      const isRunning = second !== null && second.machine !== null;
      return isRunning ? [cluster.coordinator, second] : [cluster.coordinator];
    },
  );
  const said: string[] = [];
  cluster.start();
  for (const key of COLD_KEYS) cluster.set(key, `value of ${key}`);
  const clients = 1 + prng.below(6);
  for (let client = 0; client < clients; client += 1) workload.startClient(MEAN_PAUSE_MS);
  const end = cluster.schedule.now + (options.safetyMs ?? 10_000);
  while (cluster.schedule.now < end) {
    cluster.run(prng.below(2000));
    const name = enabled[prng.below(Math.max(1, enabled.length))];
    if (name === undefined) continue;
    const text = `${cluster.schedule.now.toFixed(0)} ${faults.cause(name)}`;
    said.push(text);
    if (cluster.isTraced) cluster.trace('FAULT', text);
  }
  const violations = heal(cluster, workload, faults);
  const { acknowledged, errors } = workload;
  const reads = workload.reads.length;
  const { transcript } = cluster;
  return { seed, violations, acknowledged, reads, faults: said, errors, transcript };
}

/** The faults end; within a bound everything is as it should be. */
function heal(cluster: SimCluster, workload: Workload, faults: Faults): string[] {
  stopFaults(cluster, faults);
  cluster.run(3500);
  workload.isStopped = true;
  cluster.run(2500);
  if (cluster.coordinator.machine === null) cluster.coordinator.start();
  restartDamaged(cluster);
  restartOverruled(cluster);
  const violations: string[] = [];
  try {
    cluster.runUntil(() => cluster.isWhole, 20_000, 'every participant is a member again');
    const probe = cluster.set('probe', 'after the faults');
    if (probe.type !== 'ok') violations.push(`the probe was answered ${JSON.stringify(probe)}`);
    cluster.run(500);
    violations.push(...compare(cluster));
    workload.readAll();
    violations.push(...checkColdKeys(cluster));
  } catch (error) {
    violations.push(error instanceof Error ? error.message : 'unknown');
    violations.push(describe(cluster));
  }
  violations.push(...workload.violations());
  return violations;
}

/** Its folder is right: one that was left alone with its damaged memory is helped by a restart. */
function restartDamaged(cluster: SimCluster): void {
  for (const participant of cluster.participants) {
    if (participant.machine?.state.fit !== false) continue;
    participant.crash();
    participant.start();
  }
}

/**
 * A second coordinator that is gone may have bound a participant which was outside the view of the
 * first one: that one goes on, and never raises its epoch while it runs, so a person restarts it.
 */
function restartOverruled(cluster: SimCluster): void {
  const { coordinator } = cluster;
  const isOverruled = coordinator.machine?.peers.all.some(({ trouble }) =>
    /^epoch \d+ is over/.test(trouble),
  );
  if (isOverruled !== true) return;
  coordinator.crash();
  coordinator.start();
}

function stopFaults(cluster: SimCluster, faults: Faults): void {
  cluster.crashPoint = null;
  cluster.cuts.clear();
  faults.second?.crash();
  for (const participant of cluster.participants) {
    participant.isDiskFull = false;
    cluster.release('c', participant.name);
    cluster.release(participant.name, 'c');
    if (participant.isPaused) participant.resume();
    participant.start();
  }
  if (cluster.coordinator.isPaused) cluster.coordinator.resume();
  cluster.coordinator.start();
}

/** Nobody wrote them for long: every replica must hold what was written, byte for byte. */
function checkColdKeys(cluster: SimCluster): string[] {
  const found: string[] = [];
  for (const { name, machine } of cluster.participants) {
    for (const key of COLD_KEYS) {
      const value = machine?.state.table.get(key)?.toString();
      if (value !== `value of ${key}`) found.push(`${key} is ${value ?? 'nil'} at ${name}`);
    }
  }
  return found;
}

function compare(cluster: SimCluster): string[] {
  const states = cluster.participants.map((participant) => {
    const state = participant.machine?.state;
    return `${state?.resolved.txid} ${state?.resolved.chain} ${state?.table.digest()}`;
  });
  return new Set(states).size === 1 ? [] : [`states differ: ${states.join(' | ')}`];
}

function describe(cluster: SimCluster): string {
  const machine = cluster.coordinator.machine;
  const peers = machine?.peers.all.map(
    (peer) =>
      `${peer.address} fenced=${peer.isFenced} ready=${peer.isReady} unsound=${peer.unsound} ` +
      `trouble=${peer.trouble} member=${machine.membership.has(peer)}`,
  );
  return (
    `phase=${machine?.core.phase ?? `stopped: ${cluster.coordinator.exitReason}`} ` +
    `condition=${machine?.core.condition ?? ''} changing=${machine?.membership.isChanging} ` +
    `view=${JSON.stringify(machine?.membership.latest)} ${peers?.join('; ')}`
  );
}
