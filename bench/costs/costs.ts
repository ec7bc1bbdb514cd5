/**
 * `npm run bench:costs [-- WORD]`: what one request costs each process: processor time, bytes on
 * the disk, system calls, and the functions that take the time. One load after the other, at a
 * cluster of its own with three participants; with a word only loads whose name holds it.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../tests/helpers/project-root.js';
import type { RoleProcess } from '../../tests/helpers/role-process.js';
import { LoadGenerator } from '../load/load-generator.js';
import { BASE_LOAD, type LoadSpec } from '../load/load-spec.js';
import { askProbe, withProbe } from '../measures/probes.js';
import { infoOf } from '../measures/info-of.js';
import { diskBytesWritten, processorTimes } from '../measures/process-counters.js';
import type { SelfTime } from '../measures/self-times.js';
import { systemCallsDuring } from '../measures/system-calls.js';
import { OurCluster } from '../systems/our-cluster.js';
import { fill } from '../systems/system.js';

const LOADS: readonly (readonly [name: string, load: Partial<LoadSpec>])[] = [
  ['SET, 1 client', { connections: 1 }],
  ['SET, 50 clients', {}],
  ['SET, 50 clients, pipeline 16', { pipeline: 16 }],
  ['SET of 100 KB, 50 clients', { valueBytes: 100_000, keys: 1000 }],
  ['GET, 50 clients', { operations: ['get'] }],
  ['GET, 50 clients, pipeline 16', { operations: ['get'], pipeline: 16 }],
];
const WARM_UP_SECONDS = 6;
const SECONDS = 4;
const PROFILED_SECONDS = 6;
const STRACED_SECONDS = 3;
const SHOWN_FUNCTIONS = 16;
/** Calls that come less often are not worth a word. */
const LEAST_CALLS = 0.02;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

class Costs {
  constructor(
    private readonly folder: string,
    private readonly generator: LoadGenerator,
    private readonly ours: OurCluster,
    private readonly load: Partial<LoadSpec>,
  ) {}

  private get roles(): readonly RoleProcess[] {
    const { coordinator } = this.ours.cluster;
    return [coordinator, this.ours.cluster.participant(1)];
  }

  private async run(seconds: number): Promise<number> {
    const spec = { ...BASE_LOAD, ...this.load, warmUpSeconds: 0, seconds, port: this.ours.port };
    return (await this.generator.run(spec)).requests;
  }

  async tell(): Promise<void> {
    await this.run(WARM_UP_SECONDS);
    await this.tellTimes();
    for (const role of this.roles) await this.tellCalls(role);
    await this.tellFunctions();
  }

  private async tellTimes(): Promise<void> {
    const { cluster } = this.ours;
    const state = () =>
      cluster.roles.map(({ pid }) => ({ ...processorTimes(pid), disk: diskBytesWritten([pid]) }));
    const commits = await this.commits();
    const before = state();
    const requests = await this.run(SECONDS);
    const after = state();
    const transactions = (await this.commits()) - commits;
    say(`  ${Math.round(requests / SECONDS)} a second`);
    if (transactions > 0) say(`  ${(requests / transactions).toFixed(1)} a transaction`);
    for (const [index, { name }] of cluster.roles.entries()) {
      const [from, to] = [before[index], after[index]];
      if (from === undefined || to === undefined) continue;
      const micros = (seconds: number): string => ((seconds * 1e6) / requests).toFixed(1);
      const all = to.user + to.system - from.user - from.system;
      const kernel = to.system - from.system;
      const bytes = Math.round((to.disk - from.disk) / requests);
      say(`  ${name}: ${micros(all)} µs (kernel ${micros(kernel)}), ${bytes} bytes to the disk`);
    }
  }

  private async commits(): Promise<number> {
    const { commits } = await infoOf(this.ours.cluster.participant(1));
    return Number(commits);
  }

  private async tellCalls(role: RoleProcess): Promise<void> {
    let requests = 0;
    const calls = await systemCallsDuring(role.pid, this.folder, async () => {
      requests = await this.run(STRACED_SECONDS);
    });
    const told = [...calls]
      .map(([name, count]) => [name, count / requests] as const)
      .filter(([, each]) => each >= LEAST_CALLS)
      .sort(([, a], [, b]) => b - a)
      .map(([name, each]) => `${name} ${each.toFixed(2)}`);
    const rate = Math.round(requests / STRACED_SECONDS);
    say(`  ${role.name}, calls a request (at ${rate} a second): ${told.join(', ')}`);
  }

  private async tellFunctions(): Promise<void> {
    for (const role of this.roles) await askProbe(role, 'profile-probe');
    await this.run(PROFILED_SECONDS);
    for (const role of this.roles) {
      const times = (await askProbe(role, 'profile-probe')) as SelfTime[];
      const told = times
        .slice(0, SHOWN_FUNCTIONS)
        .map(({ name, share }) => `${name} ${(share * 100).toFixed(1)}`);
      say(`  ${role.name}, % of its busy time: ${told.join(', ')}`);
    }
  }
}

async function tellCosts(folder: string, generator: LoadGenerator): Promise<void> {
  const word = process.argv[2] ?? '';
  const chosen = LOADS.filter(([each]) => each.includes(word));
  if (chosen.length === 0) throw new Error(`no load has ${word} in its name`);
  for (const [name, load] of chosen) {
    say(`${name}:`);
    const ours = await OurCluster.start({ folder, start: withProbe('profile-probe') });
    try {
      const { keys, valueBytes } = { ...BASE_LOAD, ...load };
      await fill(generator, ours.port, keys, valueBytes);
      await new Costs(folder, generator, ours, load).tell();
    } finally {
      await ours.stop();
    }
  }
}

const parent = join(PROJECT_ROOT, '.build');
mkdirSync(parent, { recursive: true });
const folder = mkdtempSync(join(parent, 'costs-'));
const generator = new LoadGenerator();
try {
  await tellCosts(folder, generator);
} finally {
  generator.end();
  rmSync(folder, { recursive: true, force: true });
}
