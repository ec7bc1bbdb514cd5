/**
 * Loaded into a process of the program beside its own code (`NODE_OPTIONS=--import …`): it watches
 * how late the event loop is, but for the first half second, and at SIGUSR2 prints what it has seen
 * since the last time. The program knows nothing of it.
 */
import { openSync, readSync } from 'node:fs';
import { PerformanceObserver } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';
import { PauseLog } from './pause-log.js';
import { ProbeAnswers } from './probe-answers.js';

const EVERY_MS = 1;
/** In which a process mostly compiles its code, and is no use to anybody yet. */
const STARTING_MS = 500;
/** The collections of the last moments are told by then. */
const COLLECTIONS_TOLD_MS = 10;
const NANOS_PER_MS = 1e6;
const QUEUED_FIELD = 1;

/** How long this thread has waited for a processor so far (proc(5), `schedstat`). */
function queuedClock(): () => number {
  const file = openSync('/proc/thread-self/schedstat', 'r');
  const bytes = Buffer.alloc(100);
  return () => {
    const length = readSync(file, bytes, 0, bytes.length, 0);
    const fields = bytes.toString('latin1', 0, length).split(' ');
    return Number(fields[QUEUED_FIELD]) / NANOS_PER_MS;
  };
}

function watch(): void {
  const log = new PauseLog();
  const answers = new ProbeAnswers('pause-probe');

  const observer = new PerformanceObserver((list) => {
    for (const { startTime: from, duration } of list.getEntries()) {
      log.collected({ from, to: from + duration });
    }
  });
  const queuedSoFar = queuedClock();
  const next = (): void => {
    const from = performance.now() + EVERY_MS;
    const queuedBefore = queuedSoFar();
    setTimeout(() => {
      log.fired({ from, to: performance.now(), queuedMs: queuedSoFar() - queuedBefore });
      next();
    }, EVERY_MS).unref();
  };
  setTimeout(() => {
    observer.observe({ entryTypes: ['gc'] });
    next();
  }, STARTING_MS).unref();

  process.on('SIGUSR2', () => {
    setTimeout(() => {
      answers.print(log.report());
    }, COLLECTIONS_TOLD_MS);
  });
}

// Threads for files have loops of their own that nobody waits for.
if (isMainThread) watch();
