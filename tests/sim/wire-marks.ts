/**
 * Counts what happens on the paths of a simulated network: what is cut, what comes late, and how
 * participants catch up, which only their messages say. Looks only.
 */
import type { Lane, MemoryNetwork } from '../helpers/memory-network.js';
import type { Marks } from './marks.js';

type Queued = Pick<Lane, 'connection' | 'from' | 'to' | 'towards'>;

type CutFate = 'a dial was lost' | 'bytes waited' | 'bytes were lost';

export class WireMarks {
  /** For each path the newest connection on which a message has arrived. */
  private readonly newest = new Map<string, number>();

  constructor(
    private readonly network: MemoryNetwork,
    private readonly marks: Marks,
  ) {}

  /** Something met a cut path; what becomes of it, and whether the way back is cut as well. */
  onCut(lane: Queued, fate: CutFate, isBothWays: boolean): void {
    if (this.network.next(lane) === null) return;
    this.marks.hit(`cut path: ${fate}`);
    this.marks.hit(`cut path: ${isBothWays ? 'both ways' : 'one way'}`);
  }

  /** Something is about to be handed over. */
  onArrival(lane: Queued): void {
    const next = this.network.next(lane);
    if (next === null || next === 'dial' || next === 'opened' || next === 'end') return;
    const path = `${lane.from}>${lane.to}`;
    const newest = this.newest.get(path) ?? 0;
    if (lane.connection > newest) this.newest.set(path, lane.connection);
    else if (lane.connection < newest && this.network.isLeft(lane)) {
      this.marks.hit('late: an older connection spoke behind a newer one');
    }
    if (next === 'caughtUp' || next === 'delta') this.onCatchUp(lane);
  }

  private onCatchUp(lane: Queued): void {
    const message = this.network.message(lane);
    if (message?.type === 'delta') this.marks.hit(`donor: ${message.verdict}`);
    if (message?.type === 'caughtUp') {
      this.marks.hit(`caught up: ${message.ok ? message.how : 'failed'}`);
    }
  }
}
