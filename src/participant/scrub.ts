/**
 * Reads the whole table again and again, a shard at a time, and compares it with the running
 * digest: memory that changed by itself is found without anybody asking for the key.
 *
 * A participant that finds itself damaged serves nothing any more and says so in its heartbeats;
 * the coordinator removes it and refills it from a sound one.
 */
import type { Millis } from '../base/ids.js';
import type { ParticipantCore } from './core.js';

export class Scrub {
  private dueAt: Millis;

  constructor(private readonly core: ParticipantCore) {
    this.dueAt = core.now + core.settings.scrubIntervalMs;
  }

  get timeoutAt(): Millis | null {
    return this.core.state.fit ? this.dueAt : null;
  }

  onTick(): void {
    const { core } = this;
    if (!core.state.fit || core.now < this.dueAt) return;
    this.dueAt = core.now + core.settings.scrubIntervalMs;
    core.counters.scrubbedShards += 1;
    if (core.state.table.scrubNextShard() === 'sound') return;
    core.declareUnfit();
  }
}
