/**
 * Clients of a simulated cluster, and the judge of what they saw.
 *
 * Every written value is unique, so a value that is read names its write. The judge holds, for each
 * key: a read returns a value that some write could have put there before the read ended; never one
 * that was certainly overwritten before the read began; and reads that follow each other in real
 * time never go back. Unknown outcomes may take effect at any time after their start, or never.
 */
import { Prng } from '../../src/base/prng.js';
import type { StoreReply } from '../../src/base/store-request.js';
import type { SimCluster } from './sim-cluster.js';

interface Write {
  readonly key: string;
  /** null deletes. */
  readonly value: string | null;
  readonly calledAt: number;
  /** Infinity while the outcome is unknown. */
  returnedAt: number;
  outcome: 'open' | 'ok' | 'failed' | 'unknown';
}

interface Read {
  readonly key: string;
  readonly calledAt: number;
  readonly returnedAt: number;
  readonly value: string | null;
}

export class Workload {
  readonly writes: Write[] = [];
  readonly reads: Read[] = [];
  errors = new Map<string, number>();
  private values = 0;
  private readonly prng: Prng;
  isStopped = false;

  constructor(
    private readonly cluster: SimCluster,
    seed: number,
    private readonly keys: number,
  ) {
    this.prng = new Prng(seed);
  }

  get acknowledged(): number {
    return this.writes.filter((write) => write.outcome === 'ok').length;
  }

  startClient(session: number, meanPauseMs: number): void {
    const next = (): void => {
      if (this.isStopped) return;
      const pause = (this.prng.next() / 2 ** 32) * 2 * meanPauseMs;
      this.cluster.schedule.after(pause, () => {
        if (this.isStopped) return;
        if (this.prng.chance(0.5)) this.write(session, next);
        else this.read(session, next);
      });
    };
    next();
  }

  private key(): string {
    return `k${this.prng.below(this.keys)}`;
  }

  private write(session: number, done: () => void): void {
    const { cluster } = this;
    this.values += 1;
    const isDelete = this.prng.chance(0.1);
    const size = this.prng.chance(0.02) ? 700_000 : this.prng.below(50);
    const value = isDelete ? null : `${this.values}.${'v'.repeat(size)}`;
    const key = this.key();
    const write: Write = {
      key,
      value,
      calledAt: cluster.schedule.now,
      returnedAt: Infinity,
      outcome: 'open',
    };
    this.writes.push(write);
    const command =
      value === null
        ? { op: 'del' as const, keys: [key] }
        : { op: 'set' as const, pairs: [[key, Buffer.from(value)]] as const };
    cluster.coordinator.request(session, { type: 'write', command }, (reply) => {
      this.settle(write, reply);
      done();
    });
  }

  private settle(write: Write, reply: StoreReply | null): void {
    if (reply === null) {
      write.outcome = 'unknown';
      this.note('connection lost');
    } else if (reply.type === 'error') {
      this.note(reply.code);
      const isUnknown = reply.code === 'UNKNOWN';
      write.outcome = isUnknown ? 'unknown' : 'failed';
    } else {
      write.outcome = 'ok';
      write.returnedAt = this.cluster.schedule.now;
    }
  }

  private read(session: number, done: () => void): void {
    const { cluster } = this;
    const key = this.key();
    const calledAt = cluster.schedule.now;
    const command = { op: 'get' as const, keys: [key] };
    cluster.coordinator.request(session, { type: 'read', command }, (reply) => {
      if (reply?.type === 'values') {
        const value = reply.values[0]?.toString() ?? null;
        this.reads.push({ key, calledAt, returnedAt: cluster.schedule.now, value });
      } else {
        this.note(reply?.type === 'error' ? `read ${reply.code}` : 'read lost');
      }
      done();
    });
  }

  private note(what: string): void {
    this.errors.set(what, (this.errors.get(what) ?? 0) + 1);
  }

  /** Sentences, one a violation; empty when everything is in order. */
  violations(): string[] {
    const found: string[] = [];
    const keys = new Set(this.writes.map((write) => write.key));
    for (const key of keys) {
      const writes = this.writes.filter((write) => write.key === key && write.outcome !== 'failed');
      const failed = new Set(
        this.writes
          .filter((write) => write.key === key && write.outcome === 'failed')
          .map((write) => write.value)
          .filter((value) => value !== null),
      );
      const reads = this.reads.filter((read) => read.key === key);
      for (const read of reads) found.push(...judge(read, writes, failed));
      found.push(...monotonic(reads, writes));
    }
    return found;
  }
}

function judge(
  read: Read,
  writes: readonly Write[],
  failed: ReadonlySet<string | null>,
): string[] {
  const name = `read of ${read.key} at ${read.calledAt.toFixed(1)}-${read.returnedAt.toFixed(1)}`;
  const said = read.value?.slice(0, 12) ?? 'nil';
  if (failed.has(read.value)) return [`${name} returned ${said}, whose write was refused`];
  const sources = writes.filter(
    (write) => write.value === read.value && write.calledAt < read.returnedAt,
  );
  if (sources.length === 0 && read.value !== null) {
    return [`${name} returned ${said}, which nobody wrote`];
  }
  const isStale = (source: Write | null): boolean =>
    writes.some(
      (other) =>
        other !== source &&
        other.outcome === 'ok' &&
        other.returnedAt < read.calledAt &&
        (source === null || (source.returnedAt < other.calledAt)),
    );
  const candidates: (Write | null)[] = read.value === null ? [...sources, null] : sources;
  return candidates.every(isStale) ? [`${name} returned ${said}, which was overwritten`] : [];
}

/** A later read never shows a write that certainly precedes what an earlier read showed. */
function monotonic(reads: readonly Read[], writes: readonly Write[]): string[] {
  const found: string[] = [];
  const byValue = new Map(writes.filter((write) => write.value).map((w) => [w.value, w]));
  const ordered = [...reads].sort((a, b) => a.returnedAt - b.returnedAt);
  for (let i = 0; i < ordered.length; i += 1) {
    const first = ordered[i];
    const shown = first && byValue.get(first.value);
    if (!first || !shown) continue;
    for (let j = i + 1; j < Math.min(ordered.length, i + 200); j += 1) {
      const second = ordered[j];
      if (!second || second.calledAt <= first.returnedAt) continue;
      const later = byValue.get(second.value);
      if (later && later.returnedAt < shown.calledAt) {
        found.push(`reads of ${first.key} went back from ${first.value ?? ''} to ${second.value ?? ''}`);
      }
    }
  }
  return found;
}
