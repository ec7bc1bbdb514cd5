/** What part of its busy time a process spent in each function itself, from a processor profile. */

/** As the inspector gives it. */
export interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly lineNumber: number };
  }[];
  readonly samples?: readonly number[] | undefined;
  /** Microseconds, of each sample since the one before. */
  readonly timeDeltas?: readonly number[] | undefined;
}

export interface SelfTime {
  readonly name: string;
  /** Of all samples in which the thread was not idle; from 0 to 1. */
  readonly share: number;
}

const IDLE = '(idle)';
const MOST = 40;

/** The largest first. */
export function selfTimes({ nodes, samples = [], timeDeltas = [] }: Profile): SelfTime[] {
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, lineNumber } }) => {
      const isCode = !functionName.startsWith('(');
      return [id, isCode ? `${functionName || 'anonymous'}:${lineNumber + 1}` : functionName];
    }),
  );
  const times = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? '';
    if (name === IDLE) continue;
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  }
  const all = [...times.values()].reduce((sum, each) => sum + each, 0);
  return [...times]
    .map(([name, time]) => ({ name, share: time / all }))
    .sort((a, b) => b.share - a.share)
    .slice(0, MOST);
}
