/**
 * The command `npm run sim`: one plan with its transcript, or a hunt through many seeds. Exit
 * status 0 only if nothing failed.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CORPUS, type PlanNote, readPlan, writePlan } from './corpus.js';
import { keepFailed, tellFailures } from './failed-seeds.js';
import { hunt } from './hunt.js';
import { type Chosen, runOne } from './one-plan.js';
import { drawOptions, reduced } from './options.js';
import { ofPlan, ofSeed } from './replay.js';
import { reseed } from './reseed.js';
import { markLines, type Tally, tallyLines } from './tally.js';

const HELP = `npm run sim -- [options]
  --seeds N        run seeds FROM to FROM+N-1 on all processors (default 1000)
  --from FROM      the first of them (default 1)
  --minutes M      run as many seeds as fit into M minutes
  --marks          print how often each path of interest was taken
  --seed S         run this seed alone
  --plan NAME      run this plan of the corpus alone, or the one in this file (*.json)
  --trace          print its transcript, message by message
  --without I,J    leave these of its faults out (numbers from 0)
  --clients N      run it with so many clients
  --keep NAME      add this plan to the corpus as NAME
  --showed TEXT    what it showed, for the corpus
  --control NAME   the rule that it guards, for the corpus, by its name in control-list.ts
  --rule TEXT      the same in words, where no control breaks that rule
  --reseed         give the plan of the corpus another seed, where it guards its rule no more
`;

const OPTIONS = {
  seeds: { type: 'string' },
  from: { type: 'string' },
  minutes: { type: 'string' },
  seed: { type: 'string' },
  plan: { type: 'string' },
  without: { type: 'string' },
  clients: { type: 'string' },
  keep: { type: 'string' },
  showed: { type: 'string' },
  control: { type: 'string' },
  rule: { type: 'string' },
  reseed: { type: 'boolean' },
  trace: { type: 'boolean' },
  marks: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

const MS_PER_MINUTE = 60_000;
const PROGRESS_EVERY_SEEDS = 500;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function runMany(from: number, count: number, maxMs: number): Promise<Tally> {
  const startedAt = performance.now();
  let printedAt = 0;
  let keptFailures = 0;
  const tally = await hunt({
    from,
    count,
    maxMs,
    onProgress: ({ seeds, failures }) => {
      for (const failure of failures.slice(keptFailures)) {
        keepFailed(failure);
        print(`seed ${failure.seed} FAILED: ${failure.violations[0] ?? ''}`);
      }
      keptFailures = failures.length;
      if (seeds - printedAt < PROGRESS_EVERY_SEEDS) return;
      printedAt = seeds;
      print(`… ${seeds} seeds, ${failures.length} failed`);
    },
  });
  for (const line of tallyLines(tally, (performance.now() - startedAt) / 1000)) print(line);
  return tally;
}

/** The one plan that is asked for. Null: a hunt is. */
function chosenPlan({ seed, plan, without, clients }: Values): Chosen | null {
  const reduction = {
    ...(without === undefined ? {} : { without: without.split(',').map(Number) }),
    ...(clients === undefined ? {} : { clients: Number(clients) }),
  };
  if (plan !== undefined) return { which: ofPlan(plan), plan: readPlan(plan).options, reduction };
  if (seed === undefined) return null;
  return { which: ofSeed(Number(seed)), plan: drawOptions(Number(seed)), reduction };
}

function noteOf({ plan, showed, control, rule }: Values): PlanNote {
  return {
    ...(plan === undefined ? { showed: '' } : readPlan(plan).note),
    ...(showed === undefined ? {} : { showed }),
    ...(control === undefined ? {} : { controls: [control] }),
    ...(rule === undefined ? {} : { rule }),
  };
}

async function runHunt({ seeds, from, minutes, marks }: Values): Promise<boolean> {
  const maxMs = minutes === undefined ? Infinity : Number(minutes) * MS_PER_MINUTE;
  const usual = minutes === undefined ? 1000 : Infinity;
  const count = seeds === undefined ? usual : Number(seeds);
  const tally = await runMany(Number(from ?? 1), count, maxMs);
  if (marks === true) for (const line of markLines(tally)) print(line);
  await tellFailures(tally.failures, print);
  return tally.failures.length === 0;
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help === true) {
    process.stdout.write(HELP);
    return true;
  }
  if (values.reseed === true) {
    if (values.plan === undefined) throw new Error('--reseed needs --plan');
    return reseed(values.plan, print);
  }
  const chosen = chosenPlan(values);
  if (chosen === null) return runHunt(values);
  if (values.keep !== undefined) {
    const file = join(CORPUS, `${values.keep}.json`);
    writePlan(file, noteOf(values), reduced(chosen.plan, chosen.reduction));
  }
  return runOne(chosen, values.trace === true, print);
}

process.exitCode = (await main()) ? 0 : 1;
