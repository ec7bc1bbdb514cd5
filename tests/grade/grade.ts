/**
 * Runs the ten grading items as graders run them and prints a line an item; the exit status is 0
 * when all passed. `DIR` names the folder that holds the `kvstore2pcsystem` to grade (this project
 * by default; another one is built first where it has a Makefile), `GRADE_WAIT` what `nc -w` gets,
 * `GRADE_TRIES` how often a command is sent at most while its reply is an error. `GRADE_PATIENT=1`
 * waits until a process that was started listens, if it needs more than the graders' half second.
 *
 * The graders' addresses exist in a network namespace of its own, where this program starts itself
 * again; where the machine allows none, free ports of the loopback interface replace them.
 */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { freePorts } from '../helpers/free-ports.js';
import { enterCommand } from '../helpers/netns.js';
import { PROJECT_ROOT } from '../helpers/project-root.js';
import { buildGraded } from './build-graded.js';
import { type Address, GradedSystem } from './graded-system.js';
import { GradingClient, hasNc } from './grading-client.js';
import { type Bench, GRADERS_PACE, ITEMS, PATIENT_PACE } from './items.js';

const GRADERS_ADDRESSES: readonly Address[] = [
  { host: '192.168.66.101', port: 8001 },
  { host: '192.168.66.201', port: 8002 },
  { host: '192.168.66.202', port: 8003 },
  { host: '192.168.66.203', port: 8004 },
];
const INSIDE_VARIABLE = 'KV_GRADE_INSIDE_NAMESPACE';
const RETRY_PAUSE_MS = 500;
const INTERRUPTED_STATUS = 130;

function numberFrom(variable: string, fallback: number): number {
  const value = Number(process.env[variable] || fallback);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`${variable} must be a positive whole number`);
}

async function gradeItems(bench: Bench): Promise<number> {
  let passed = 0;
  for (const [index, item] of ITEMS.entries()) {
    try {
      await item(bench);
      passed += 1;
      console.log(`Test item ${index + 1}: PASSED`);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      console.log(`Test item ${index + 1}: FAILED (${why})`);
    }
  }
  return passed;
}

async function grade(directory: string, addresses: readonly Address[]): Promise<boolean> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => process.exit(INTERRUPTED_STATUS));
  }
  const system = new GradedSystem(directory, addresses);
  const useNc = hasNc();
  console.log(
    `grading ${directory}: coordinator at ${system.coordinator.address}, ` +
      `through ${useNc ? 'nc' : 'a socket that behaves like nc, which is missing here'}`,
  );
  const client = new GradingClient({
    host: system.coordinator.host,
    port: system.coordinator.port,
    waitSeconds: numberFrom('GRADE_WAIT', 3),
    tries: numberFrom('GRADE_TRIES', 10),
    retryPauseMs: RETRY_PAUSE_MS,
    useNc,
  });
  try {
    const pace = process.env['GRADE_PATIENT'] === '1' ? PATIENT_PACE : GRADERS_PACE;
    const passed = await gradeItems({ system, client, pace });
    const all = passed === ITEMS.length;
    if (!all) console.log(`configurations, data and the output of all processes: ${system.folder}`);
    console.log(`${passed} of ${ITEMS.length} test items passed`);
    await system.end();
    if (all) system.removeFolder();
    return all;
  } finally {
    await system.end();
  }
}

/** Starts this program again inside a namespace and takes over its exit status. */
function gradeInside(command: readonly string[]): Promise<boolean> {
  const [program = '', ...words] = command;
  const child = spawn(program, [...words, process.execPath, import.meta.filename], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE_VARIABLE]: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => child.kill(signal));
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve(code === 0);
    });
  });
}

async function main(): Promise<boolean> {
  const directory = resolve(process.env['DIR'] || PROJECT_ROOT);
  if (process.env[INSIDE_VARIABLE] === '1') return grade(directory, GRADERS_ADDRESSES);
  buildGraded(directory);
  const entry = enterCommand(GRADERS_ADDRESSES.map(({ host }) => host));
  if (entry.ok) return gradeInside(entry.command);
  console.log(`no network namespace here (${entry.reason}): grading on loopback ports`);
  const ports = await freePorts(GRADERS_ADDRESSES.length);
  return grade(
    directory,
    ports.map((port) => ({ host: '127.0.0.1', port })),
  );
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
