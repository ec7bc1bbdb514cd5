/**
 * `make bench`, `npm run bench -- [--quick] [--only NAME[,NAME]]`: clusters of this program, and
 * redis-server with the same promise and with less, on the same disk in the same run. Whoever is
 * compared takes turns, so that a machine that slows down meanwhile slows both down.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../tests/helpers/project-root.js';
import { run } from '../tests/helpers/run-program.js';
import { findTool } from '../tests/helpers/tools.js';
import { type BenchArguments, parseBenchArguments, USAGE } from './arguments.js';
import type { Figure } from './figure.js';
import { LoadGenerator } from './load/load-generator.js';
import { fileSystemOf } from './measures/file-system.js';
import { memoryReadNs } from './measures/memory-latency.js';
import { syncTimes } from './measures/sync-probe.js';
import { figureLines, targetLines } from './report/console.js';
import { keepResult } from './report/keep-result.js';
import { describeMachine, type Machine, machineSentence, type Result } from './report/result.js';
import type { Bench, Row } from './row.js';
import { ALL_ROWS } from './rows/all-rows.js';
import { FULL, QUICK } from './scale.js';
import { type SystemName, Systems } from './systems/systems.js';
import { targetResults } from './targets.js';

const INTERRUPTED_STATUS = 130;
const MS_PER_MINUTE = 60_000;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function chooseRows({ isQuick, chosen }: BenchArguments): readonly Row[] {
  if (chosen === null) return isQuick ? ALL_ROWS.filter((row) => row.isQuick) : ALL_ROWS;
  return chosen.map((name) => {
    const row = ALL_ROWS.find((each) => each.name === name);
    if (row === undefined) throw new Error(`there is no row ${name}: --list names them`);
    return row;
  });
}

interface Outcome {
  readonly figures: Figure[];
  readonly skipped: { row: string; why: string }[];
  readonly failed: string[];
}

async function measureAll(bench: Bench, rows: readonly Row[]): Promise<Outcome> {
  const outcome: Outcome = { figures: [], skipped: [], failed: [] };
  for (const [index, row] of rows.entries()) {
    const missing = row.tools.filter((tool) => findTool(tool) === null);
    if (missing.length > 0) {
      const why = `${missing.join(' and ')} not installed`;
      outcome.skipped.push({ row: row.name, why });
      say(`${row.name}: skipped, ${why}`);
      continue;
    }
    try {
      const figures = await row.measure(bench);
      outcome.figures.push(...figures);
      for (const line of figureLines(figures)) say(line);
    } catch (error) {
      outcome.failed.push(row.name);
      say(`${row.name}: FAILED: ${error instanceof Error ? error.message : String(error)}`);
    }
    const needed = rows.slice(index + 1).flatMap(({ uses }) => uses);
    await bench.systems.keepOnly(new Set<SystemName>(needed));
  }
  return outcome;
}

/** Of a folder that was not cloned nobody can tell. */
async function commit(): Promise<string> {
  if (findTool('git') === null) return 'unknown';
  const words = ['describe', '--always', '--dirty', '--abbrev=7', '--exclude=*'];
  const { code, stdout } = await run('git', ['-C', PROJECT_ROOT, ...words]);
  return code === 0 ? stdout.trim() : 'unknown';
}

async function redisVersion(): Promise<string> {
  if (findTool('redis-server') === null) return 'no redis-server';
  const { stdout } = await run('redis-server', ['--version']);
  return `redis-server ${/v=([\d.]+)/.exec(stdout)?.[1] ?? 'of unknown version'}`;
}

function kindOf({ isQuick, chosen }: BenchArguments): Result['kind'] {
  if (chosen !== null) return 'chosen rows';
  return isQuick ? 'quick' : 'full';
}

function finish(args: BenchArguments, machine: Machine, outcome: Outcome, from: number): void {
  const { figures, skipped, failed } = outcome;
  const targets = targetResults(figures);
  const minutes = Number(((performance.now() - from) / MS_PER_MINUTE).toFixed(1));
  const at = new Date().toISOString();
  const kind = kindOf(args);
  const folder = keepResult({ at, kind, minutes, machine, figures, targets, skipped, failed });
  const told = kind === 'full' ? targets : targets.filter(({ isReached }) => isReached !== null);
  if (told.length > 0) say(`\ntargets (${machineSentence(machine)})`);
  if (args.isQuick && told.length > 0)
    say('on a smaller scale: 100,000 keys stand for 1,000,000, and 2 s for 10');
  for (const line of targetLines(told)) say(line);
  say(`\n${minutes} minutes; result and charts are in ${folder}`);
  if (skipped.length > 0 && process.env['KV_REQUIRE_TOOLS'] !== undefined) {
    throw new Error('tools are missing, and KV_REQUIRE_TOOLS is set');
  }
  if (failed.length > 0) throw new Error(`these rows failed: ${failed.join(', ')}`);
}

async function bench(args: BenchArguments): Promise<void> {
  const from = performance.now();
  const rows = chooseRows(args);
  const scale = args.isQuick ? QUICK : FULL;
  const parent = args.folder ?? join(PROJECT_ROOT, '.build');
  mkdirSync(parent, { recursive: true });
  const fileSystem = fileSystemOf(parent);
  const folder = mkdtempSync(join(parent, 'bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  process.once('SIGINT', () => process.exit(INTERRUPTED_STATUS));
  const sync = syncTimes(folder);
  const machine = describeMachine({
    commit: await commit(),
    redis: await redisVersion(),
    fileSystem,
    sync,
    memoryReadNs: memoryReadNs(),
  });
  say(`${machineSentence(machine)}\n`);
  const generator = new LoadGenerator();
  const systems = new Systems(folder, generator, scale);
  try {
    const outcome = await measureAll({ scale, folder, generator, systems, say }, rows);
    finish(args, machine, outcome, from);
  } finally {
    await systems.keepOnly(new Set());
    generator.end();
  }
}

// A reader that went away, such as `| head`, is no reason to leave processes or files behind.
process.stdout.on('error', () => undefined);
try {
  const args = parseBenchArguments(process.argv.slice(2));
  if (args.isHelp) say(USAGE);
  else if (args.isList) {
    say(USAGE);
    for (const { name, title } of ALL_ROWS) say(`  ${name.padEnd(28)} ${title}`);
  } else {
    await bench(args);
  }
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
