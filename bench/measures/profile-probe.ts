/**
 * Loaded into a process of the program beside its own code (`NODE_OPTIONS=--import …`): at the
 * first SIGUSR2 it begins to sample the processor, at the next one it prints where the time went.
 * The program knows nothing of it.
 */
import { type Profiler, Session } from 'node:inspector';
import { isMainThread } from 'node:worker_threads';
import { selfTimes } from './self-times.js';

const INTERVAL_MICROS = 500;

function watch(): void {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: INTERVAL_MICROS });
  let asked = 0;

  const print = (told: unknown): void => {
    asked += 1;
    process.stderr.write(`profile-probe ${asked} ${JSON.stringify(told)}\n`);
  };

  process.on('SIGUSR2', () => {
    if (asked % 2 === 0) {
      session.post('Profiler.start', () => {
        print('begun');
      });
      return;
    }
    session.post('Profiler.stop', (_error, { profile }: Profiler.StopReturnType) => {
      print(selfTimes(profile));
    });
  });
}

if (isMainThread) watch();
