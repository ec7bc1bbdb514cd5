/**
 * Loaded into a process of the program beside its own code (`NODE_OPTIONS=--import …`): at SIGUSR2
 * it collects all garbage and prints what the process holds then. The program knows nothing of it.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ProbeAnswers } from './probe-answers.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** What one collection frees lets the next one free more: finalizers, old-to-new references. */
const COLLECTIONS = 3;
const answers = new ProbeAnswers('memory-probe');

process.on('SIGUSR2', () => {
  for (let count = 0; count < COLLECTIONS; count += 1) collect();
  answers.print(process.memoryUsage());
});
