/**
 * Loaded into a process of the program beside its own code (`NODE_OPTIONS=--import …`): at the
 * first SIGUSR2 it begins to sample the processor, at the next one it prints where the time went.
 * The program knows nothing of it.
 */
import { type Profiler, Session } from 'node:inspector';
import { isMainThread } from 'node:worker_threads';
import { ProbeAnswers } from './probe-answers.js';
import { selfTimes } from './self-times.js';

const INTERVAL_MICROS = 500;

function watch(): void {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: INTERVAL_MICROS });
  const answers = new ProbeAnswers('profile-probe');

  process.on('SIGUSR2', () => {
    if (answers.count % 2 === 0) {
      session.post('Profiler.start', () => {
        answers.print('begun');
      });
      return;
    }
    session.post('Profiler.stop', (_error, { profile }: Profiler.StopReturnType) => {
      answers.print(selfTimes(profile));
    });
  });
}

if (isMainThread) watch();
