/**
 * What a process has promised in its log, each promise by a name, and the line of its trace from
 * which on it is durable. Knows the records, not what was sent.
 */
import type { OutcomeRecord, WalRecord } from '../../src/wal/record.js';
import type { TracedRecord } from './traced-log.js';

/** One message that left, and the line whose sync it depends on. */
export interface Check {
  /** `vote`, `done`, `outcome`, `reply to a client`, … */
  readonly rule: string;
  readonly what: string;
  readonly leftAt: number;
  readonly durableAt: number;
}

export class DurableFacts {
  readonly #durableAt = new Map<string, number>();

  constructor(records: readonly TracedRecord[]) {
    for (const { record, durableAt } of records) {
      for (const fact of factsOf(record)) this.#hold(fact, durableAt);
    }
  }

  /** These hold from these lines on at the latest, whatever this log has synced. */
  settle(lines: ReadonlyMap<string, number>): void {
    for (const [fact, at] of lines) this.#hold(fact, at);
  }

  check(rule: string, leftAt: number, needed: readonly string[]): Check[] {
    return needed.map((what) => {
      const durableAt = this.#durableAt.get(what) ?? Infinity;
      return { rule, what, leftAt, durableAt };
    });
  }

  #hold(fact: string, at: number): void {
    this.#durableAt.set(fact, Math.min(at, this.#durableAt.get(fact) ?? Infinity));
  }
}

function factsOf(record: WalRecord): string[] {
  switch (record.kind) {
    case 'prepared':
      return [`prepared ${record.epoch}:${record.txid}`];
    case 'commit':
    case 'abort':
      return [nameOf(record), `outcome of ${record.txid}`];
    case 'epoch':
      return [`epoch ${record.epoch.number}`];
    case 'view':
      return [`view ${record.view.number}`];
    case 'piece':
      return [`piece of ${record.stage} up to ${record.offset + record.bytes.length}`];
    default:
      return [];
  }
}

export function nameOf({ kind, epoch, txid }: OutcomeRecord): string {
  return `${kind} ${epoch}:${txid}`;
}
