/**
 * Each role dies by SIGKILL at each named point of a transaction, under writes, and comes back.
 * No acknowledged value may be lost, whichever participant is asked, and the cluster must be whole
 * again by itself.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { isServing, isWhole } from '../helpers/cluster-info.js';
import {
  CRASH_POINT_VARIABLE,
  CRASH_POINTS,
  COUNTS,
  type CrashPointCase,
} from '../helpers/crash-points.js';
import { type Cluster, makeCluster } from '../helpers/processes.js';
import { PROJECT_ROOT } from '../helpers/project-root.js';
import { Recorder } from '../helpers/recorder.js';
import type { RoleProcess } from '../helpers/role-process.js';

describe('a role that is killed in the middle of its work', function () {
  this.timeout(30_000);
  let cluster: Cluster;
  let recorder: Recorder;

  before(async () => {
    cluster = await makeCluster({ shared: true });
  });
  beforeEach(async () => {
    await cluster.start();
    recorder = new Recorder({
      host: cluster.coordinator.host,
      port: cluster.coordinator.port,
      journalPath: join(cluster.folder, 'journal'),
    });
  });
  afterEach(() => recorder.stop());
  after(() => cluster.end());

  /** Starts the role anew so that it dies at the point, and waits until it has. */
  async function dieAt({ point, reachedBy }: CrashPointCase, victim: RoleProcess): Promise<void> {
    await victim.stop();
    victim.launch({ env: { [CRASH_POINT_VARIABLE]: `${point}:${COUNTS[reachedBy]}` } });
    if (reachedBy === 'loss of a participant') {
      await cluster.waitForInfo(isWhole);
      await cluster.participant(1).kill9();
    }
    const exit = await victim.waitForExit(15_000);
    expect(exit.signal).to.equal('SIGKILL');
  }

  for (const each of CRASH_POINTS) {
    it(`loses nothing: ${each.point}, reached by ${each.reachedBy}`, async () => {
      const victim = each.role === 'coordinator' ? cluster.coordinator : cluster.participant(2);
      recorder.start();
      await recorder.progress(20);
      await dieAt(each, victim);
      if (each.role === 'participant') await recorder.progress(20);
      await cluster.start();
      await recorder.progress(20);
      await recorder.stop();
      expect(await recorder.lost()).to.deep.equal([]);
    });
  }

  it('is killed at every point that the code names', () => {
    const folder = join(PROJECT_ROOT, 'src');
    const named = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => [
        ...readFileSync(join(folder, name), 'utf8').matchAll(/\.point\('(.+?)'\)/g),
      ])
      .map(([, point]) => point);
    expect(CRASH_POINTS.map(({ point }) => point)).to.have.members([...new Set(named)]);
  });

  it('leaves the same values at every participant', async () => {
    const client = cluster.client();
    const marks = Array.from({ length: 200 }, (_none, n) => `mark${n}`);
    for (const mark of marks) await client.set(mark, mark);
    for (const reader of cluster.participants) {
      await cluster.kill9(...cluster.participants.filter((role) => role !== reader));
      await cluster.waitForInfo(isServing);
      expect(await client.mget(...marks), `read from ${reader.name}`).to.deep.equal(marks);
      await cluster.start();
    }
  });
});
