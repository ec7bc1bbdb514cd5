/**
 * One seeded run of a simulated cluster: clients, faults drawn from the seed, then everything heals
 * and the cluster must be whole again, with nothing that was acknowledged missing.
 */
import { Prng } from '../../src/base/prng.js';
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

type Fault = (cluster: SimCluster, prng: Prng) => string;

const pick = (cluster: SimCluster, prng: Prng): number => prng.below(cluster.participants.length);

const FAULTS: Readonly<Record<string, Fault>> = {
  crashParticipant: (cluster, prng) => {
    const index = pick(cluster, prng);
    cluster.participants[index]?.crash();
    cluster.schedule.after(prng.below(3000), () => cluster.participants[index]?.start());
    return `crash p${index + 1}`;
  },
  restartParticipant: (cluster, prng) => {
    const index = pick(cluster, prng);
    cluster.participants[index]?.crash();
    cluster.schedule.after(prng.below(20), () => cluster.participants[index]?.start());
    return `restart p${index + 1}`;
  },
  crashCoordinator: (cluster, prng) => {
    cluster.coordinator.crash();
    cluster.schedule.after(prng.below(1500), () => {
      cluster.coordinator.start();
    });
    return 'crash c';
  },
  crashAll: (cluster, prng) => {
    cluster.coordinator.crash();
    for (const participant of cluster.participants) participant.crash();
    cluster.schedule.after(prng.below(1500), () => {
      cluster.coordinator.start();
    });
    for (const participant of cluster.participants) {
      cluster.schedule.after(prng.below(2500), () => {
        participant.start();
      });
    }
    return 'crash all';
  },
  pauseParticipant: (cluster, prng) => {
    const index = pick(cluster, prng);
    cluster.participants[index]?.pause();
    cluster.schedule.after(prng.below(3000), () => cluster.participants[index]?.resume());
    return `pause p${index + 1}`;
  },
  pauseCoordinator: (cluster, prng) => {
    cluster.coordinator.pause();
    cluster.schedule.after(prng.below(5000), () => {
      cluster.coordinator.resume();
    });
    return 'pause c';
  },
  cutLink: (cluster, prng) => {
    const index = pick(cluster, prng);
    const [from, to] = prng.chance(0.5) ? ['c', `p${index + 1}`] : [`p${index + 1}`, 'c'];
    cluster.cuts.set(from, to, true);
    if (prng.chance(0.5)) cluster.cuts.set(to, from, true);
    cluster.schedule.after(prng.below(4000), () => {
      cluster.cuts.set(from, to, false);
      cluster.cuts.set(to, from, false);
    });
    return `cut ${from}>${to}`;
  },
  cutPeers: (cluster, prng) => {
    const a = pick(cluster, prng) + 1;
    const b = pick(cluster, prng) + 1;
    cluster.cuts.set(`p${a}`, `p${b}`, true);
    cluster.schedule.after(prng.below(3000), () => {
      cluster.cuts.set(`p${a}`, `p${b}`, false);
    });
    return `cut p${a}>p${b}`;
  },
  wipeParticipant: (cluster, prng) => {
    // Only while all members are there: else the last copy could be the one that is lost.
    if (!cluster.isWhole || cluster.participants.length < 2) return 'no wipe';
    const index = pick(cluster, prng);
    cluster.participants[index]?.wipe();
    cluster.schedule.after(prng.below(2000), () => cluster.participants[index]?.start());
    return `wipe p${index + 1}`;
  },
  wipeCoordinator: (cluster, prng) => {
    // Its log may hold the only word on a member that is gone for good.
    if (!cluster.isWhole) return 'no wipe';
    cluster.coordinator.wipe();
    cluster.schedule.after(prng.below(1500), () => {
      cluster.coordinator.start();
    });
    return 'wipe c';
  },
  fillDisk: (cluster, prng) => {
    const index = pick(cluster, prng);
    const participant = cluster.participants[index];
    if (participant) participant.isDiskFull = true;
    cluster.schedule.after(prng.below(2000), () => {
      if (participant) participant.isDiskFull = false;
    });
    return `fill p${index + 1}`;
  },
  checkpoint: (cluster, prng) => {
    cluster.participants[pick(cluster, prng)]?.checkpoint();
    cluster.coordinator.checkpoint();
    return 'checkpoint';
  },
};

export interface FuzzOptions {
  readonly isTraced?: boolean;
  readonly safetyMs?: number;
}

export function fuzz(seed: number, options: FuzzOptions = {}): FuzzResult {
  const prng = new Prng(seed);
  const cluster = new SimCluster({
    participants: 1 + prng.below(4),
    seed: prng.next(),
    maxDelayMs: prng.chance(0.3) ? 20 : 1,
    syncMs: prng.chance(0.3) ? 10 : 0.5,
    isTraced: options.isTraced ?? false,
  });
  const enabled = Object.keys(FAULTS).filter(() => prng.chance(0.5));
  const workload = new Workload(cluster, prng.next(), 1 + prng.below(8));
  const faults: string[] = [];
  cluster.start();
  cluster.run(prng.below(500));
  const clients = 1 + prng.below(6);
  for (let session = 1; session <= clients; session += 1) workload.startClient(session, 20);
  const end = cluster.schedule.now + (options.safetyMs ?? 15_000);
  while (cluster.schedule.now < end) {
    cluster.run(prng.below(2000));
    const name = enabled[prng.below(Math.max(1, enabled.length))];
    const fault = name === undefined ? undefined : FAULTS[name];
    if (fault === undefined) continue;
    const said = `${cluster.schedule.now.toFixed(0)} ${fault(cluster, prng)}`;
    faults.push(said);
    if (cluster.isTraced) cluster.trace('FAULT', said);
  }
  const violations = heal(cluster, workload);
  const { acknowledged, errors } = workload;
  const reads = workload.reads.length;
  const { transcript } = cluster;
  return { seed, violations, acknowledged, reads, faults, errors, transcript };
}

/** The faults end; within a bound everything is as it should be. */
function heal(cluster: SimCluster, workload: Workload): string[] {
  cluster.cuts.clear();
  for (const participant of cluster.participants) {
    participant.isDiskFull = false;
    if (participant.isPaused) participant.resume();
    participant.start();
  }
  if (cluster.coordinator.isPaused) cluster.coordinator.resume();
  cluster.coordinator.start();
  cluster.run(6000);
  workload.isStopped = true;
  cluster.run(3000);
  if (cluster.coordinator.machine === null) cluster.coordinator.start();
  const violations: string[] = [];
  try {
    cluster.runUntil(() => cluster.isWhole, 20_000, 'every participant is a member again');
    const probe = cluster.set('probe', 'after the faults');
    if (probe.type !== 'ok') violations.push(`the probe was answered ${JSON.stringify(probe)}`);
    cluster.run(500);
    violations.push(...compare(cluster));
    readAll(cluster, workload);
  } catch (error) {
    violations.push(error instanceof Error ? error.message : 'unknown');
    violations.push(describe(cluster));
  }
  violations.push(...workload.violations());
  return violations;
}

function compare(cluster: SimCluster): string[] {
  const states = cluster.participants.map((participant) => {
    const state = participant.machine?.state;
    return `${state?.resolved.txid} ${state?.resolved.chain} ${state?.table.digest()}`;
  });
  return new Set(states).size === 1 ? [] : [`states differ: ${states.join(' | ')}`];
}

function readAll(cluster: SimCluster, workload: Workload): void {
  for (const key of new Set(workload.writes.map((write) => write.key))) {
    const calledAt = cluster.schedule.now;
    const value = cluster.get(key);
    workload.reads.push({ key, calledAt, returnedAt: cluster.schedule.now, value });
  }
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
