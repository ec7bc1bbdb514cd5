/**
 * `npm run bench:micro [-- WORD]`: the hot pieces of the program one by one, in this process; with
 * a word only those whose name holds it. Times are processor times of one client command.
 */
import { Bench } from 'tinybench';
import { machineTasks } from './machine-tasks.js';
import type { MicroTask } from './micro-task.js';
import { protocolTasks } from './protocol-tasks.js';
import { storageTasks } from './storage-tasks.js';

const TIME_MS = 1000;
const WARM_UP_MS = 300;
const NAME_WIDTH = 56;
const NUMBER_WIDTH = 12;
const NANOS_PER_MS = 1e6;

async function measure(task: MicroTask): Promise<string> {
  const bench = new Bench({ time: TIME_MS, warmupTime: WARM_UP_MS, throws: true });
  bench.add(task.name, () => {
    task.run();
  });
  const [measured] = await bench.run();
  if (measured?.result.state !== 'completed') throw new Error(`${task.name} was not measured`);
  const { mean, p50, p99 } = measured.result.latency;
  const nanos = [p50, mean, p99].map((ms) => Math.round((ms * NANOS_PER_MS) / task.commands));
  const columns = nanos.map((each) => each.toLocaleString('en-US').padStart(NUMBER_WIDTH));
  return `${task.name.padEnd(NAME_WIDTH)}${columns.join('')}`;
}

const word = process.argv[2] ?? '';
const heads = ['p50 ns', 'mean ns', 'p99 ns'].map((head) => head.padStart(NUMBER_WIDTH));
process.stdout.write(`${'one command'.padEnd(NAME_WIDTH)}${heads.join('')}\n`);
for (const task of [...protocolTasks(), ...storageTasks(), ...machineTasks()]) {
  if (task.name.includes(word)) process.stdout.write(`${await measure(task)}\n`);
}
