/**
 * The judge of what clients saw.
 *
 * Every written value is unique, so a value that is read names its write. For each key: a read
 * returns a value that some write could have put there before the read ended; never one that was
 * certainly overwritten before the read began; and reads that follow each other never go back.
 * "Before" is real time, and within one session also the order of its commands. Unknown outcomes
 * may take effect at any time after their start, or never.
 */
export interface Write {
  readonly key: string;
  /** null deletes. */
  readonly value: string | null;
  readonly session: number;
  /** Order of sending. */
  readonly serial: number;
  readonly calledAt: number;
  /** Infinity while the outcome is unknown. */
  returnedAt: number;
  outcome: 'open' | 'ok' | 'failed' | 'unknown';
}

export interface Read {
  readonly key: string;
  readonly session: number;
  readonly serial: number;
  readonly calledAt: number;
  readonly returnedAt: number;
  readonly value: string | null;
}

/** Sentences, one a violation; empty when everything is in order. */
export function judgeAll(writes: readonly Write[], reads: readonly Read[]): string[] {
  const found: string[] = [];
  const writesByKey = groupByKey(writes);
  const readsByKey = groupByKey(reads);
  for (const [key, all] of writesByKey) {
    const possible = all.filter((write) => write.outcome !== 'failed');
    const failed = new Set(
      all.filter((write) => write.outcome === 'failed' && write.value !== null).map(valueOf),
    );
    const seen = readsByKey.get(key) ?? [];
    for (const read of seen) found.push(...judge(read, possible, failed));
    found.push(...monotonic(seen, possible));
  }
  return found;
}

function groupByKey<T extends { readonly key: string }>(items: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(item.key);
    if (group === undefined) groups.set(item.key, [item]);
    else group.push(item);
  }
  return groups;
}

function valueOf(write: Write): string | null {
  return write.value;
}

/** Whether the first certainly took effect before the second. */
function precedes(first: Write, second: Write): boolean {
  if (first.returnedAt < second.calledAt) return true;
  if (first.session !== second.session) return false;
  return first.serial < second.serial && first.outcome === 'ok' && second.outcome === 'ok';
}

function judge(read: Read, writes: readonly Write[], failed: ReadonlySet<string | null>): string[] {
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
        (source === null || precedes(source, other)),
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
      const other = second && byValue.get(second.value);
      if (!second || !other) continue;
      const isForth = follows(second, first) && precedes(other, shown);
      if (isForth || (follows(first, second) && precedes(shown, other))) {
        const said = `${first.value?.slice(0, 12) ?? ''} to ${second.value?.slice(0, 12) ?? ''}`;
        found.push(`reads of ${first.key} went back from ${said}`);
      }
    }
  }
  return found;
}

function follows(second: Read, first: Read): boolean {
  if (second.calledAt > first.returnedAt) return true;
  return first.session === second.session && first.serial < second.serial;
}
