/**
 * The command `npm run sim`: one seed with its transcript, or a hunt through many. Exit status 0
 * only if no seed failed.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CORPUS, planText } from './corpus.js';
import { drawOptions, type Reduction } from './options.js';
import { hunt } from './hunt.js';
import { simulate, type SimResult } from './run.js';
import { replayCommand, shrink } from './shrink.js';
import { addResult, emptyTally, markLines, type Tally, tallyLines } from './tally.js';

const HELP = `npm run sim -- [options]
  --seeds N        run seeds FROM to FROM+N-1 on all processors (default 1000)
  --from FROM      the first of them (default 1)
  --minutes M      run as many seeds as fit into M minutes
  --marks          print how often each path of interest was taken
  --seed S         run this seed alone
  --trace          print its transcript, message by message
  --without I,J    leave these of its faults out (numbers from 0)
  --clients N      run it with so many clients
  --keep NAME      add this plan to the corpus as NAME
  --showed TEXT    what it showed, for the corpus
`;

const MS_PER_MINUTE = 60_000;
const PROGRESS_EVERY_SEEDS = 500;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function runOne(seed: number, reduction: Reduction, isTraced: boolean): Promise<boolean> {
  const result = await simulate(seed, reduction, isTraced);
  for (const line of result.transcript) print(line);
  print(`options ${JSON.stringify(drawOptions(seed, reduction))}`);
  for (const line of result.said) print(`fault ${line}`);
  const tally = emptyTally();
  addResult(tally, result, reduction);
  for (const line of tallyLines(tally, 1)) print(line);
  for (const violation of result.violations) print(`VIOLATION ${violation}`);
  if (result.violations.length > 0 && Object.keys(reduction).length === 0 && !isTraced) {
    await printShrunk(seed, result);
  }
  return result.violations.length === 0;
}

async function printShrunk(seed: number, result: SimResult): Promise<void> {
  const shrunk = await shrink(seed, result);
  print(`smallest plan found that fails: ${shrunk.result.violations[0] ?? ''}`);
  for (const line of shrunk.result.said) print(`  fault ${line}`);
  print(`replay: ${replayCommand(seed, shrunk.reduction)}`);
}

async function runMany(from: number, count: number, maxMs: number): Promise<Tally> {
  const startedAt = performance.now();
  let printedAt = 0;
  let printedFailures = 0;
  const tally = await hunt({
    from,
    count,
    maxMs,
    onProgress: ({ seeds, failures }) => {
      for (const { seed, violations } of failures.slice(printedFailures)) {
        print(`seed ${seed} FAILED: ${violations[0] ?? ''}`);
      }
      printedFailures = failures.length;
      if (seeds - printedAt < PROGRESS_EVERY_SEEDS) return;
      printedAt = seeds;
      print(`… ${seeds} seeds, ${failures.length} failed`);
    },
  });
  for (const line of tallyLines(tally, (performance.now() - startedAt) / 1000)) print(line);
  return tally;
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string' },
      from: { type: 'string' },
      minutes: { type: 'string' },
      seed: { type: 'string' },
      without: { type: 'string' },
      clients: { type: 'string' },
      keep: { type: 'string' },
      showed: { type: 'string' },
      trace: { type: 'boolean' },
      marks: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return true;
  }
  if (values.seed !== undefined) {
    const reduction: Reduction = {
      ...(values.without === undefined ? {} : { without: values.without.split(',').map(Number) }),
      ...(values.clients === undefined ? {} : { clients: Number(values.clients) }),
    };
    const seed = Number(values.seed);
    if (values.keep !== undefined) {
      const text = planText(values.showed ?? '', drawOptions(seed, reduction));
      writeFileSync(join(CORPUS, `${values.keep}.json`), text);
    }
    return runOne(seed, reduction, values.trace === true);
  }
  const minutes = values.minutes === undefined ? Infinity : Number(values.minutes);
  const usual = values.minutes === undefined ? 1000 : Infinity;
  const count = values.seeds === undefined ? usual : Number(values.seeds);
  const tally = await runMany(Number(values.from ?? 1), count, minutes * MS_PER_MINUTE);
  if (values.marks === true) for (const line of markLines(tally)) print(line);
  const [first] = tally.failures;
  if (first !== undefined) {
    print(`the first of them once more:`);
    await runOne(first.seed, {}, false);
  }
  return tally.failures.length === 0;
}

process.exitCode = (await main()) ? 0 : 1;
