/**
 * How late this process's event loop is: the time by which a timer fires after it was due. High
 * values mean that something computes for too long in one go, or that the machine is busy.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 20;
const NANOS_PER_MICRO = 1000;
const NANOS_PER_MS = 1e6;

export class EventLoopDelay {
  private readonly monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  start(): void {
    this.monitor.enable();
  }

  stop(): void {
    this.monitor.disable();
  }

  /** Names and microseconds, for INFO. */
  fields(): (readonly [name: string, micros: number])[] {
    const { monitor } = this;
    return [
      ['event_loop_delay_p50_us', beyondResolution(monitor.percentile(50))],
      ['event_loop_delay_p99_us', beyondResolution(monitor.percentile(99))],
      ['event_loop_delay_max_us', beyondResolution(monitor.max)],
    ];
  }
}

/** The monitor measures from timer to timer, its own interval included. */
function beyondResolution(nanos: number): number {
  return Math.max(0, Math.round((nanos - RESOLUTION_MS * NANOS_PER_MS) / NANOS_PER_MICRO));
}
