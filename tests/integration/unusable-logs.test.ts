/**
 * Logs that a start refuses although no byte of them is damaged, and the end of a process whose
 * log fails under it: what is said, with which exit code, and that the named way out works.
 */
import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { isWhole } from '../helpers/cluster-info.js';
import { ask } from '../helpers/data-folders.js';
import { contradictLog, raiseFormat } from '../helpers/planted-logs.js';
import { type Cluster, makeCluster } from '../helpers/processes.js';
import type { RoleProcess } from '../helpers/role-process.js';
import { runConfig } from '../helpers/run-program.js';
import { needs } from '../helpers/tools.js';

const SETTINGS = { heartbeat_interval: '100ms', failure_timeout: '500ms', recovery_wait: '900ms' };
const ROLES = ['coordinator', 'participant1'] as const;

function expectOneLine(stderr: string, ...words: readonly string[]): void {
  expect(stderr.trimEnd().split('\n'), stderr).to.have.length(1);
  for (const word of words) expect(stderr).to.include(word);
}

/** What the client of a coordinator that ends by itself may be told. */
const OF_AN_END = /^(OK|-UNKNOWN \d+:\d+ may or may not happen; .*|ConnectionLost: .*)$/;

describe('a log that cannot be used', function () {
  this.timeout(30_000);
  let cluster: Cluster;
  let round = 0;

  before(async () => {
    cluster = await makeCluster({ shared: true, settings: SETTINGS });
  });
  after(() => cluster.end());

  beforeEach(async () => {
    await cluster.start();
    round += 1;
    expect(await cluster.client().set('k', `round ${round}`)).to.equal('OK');
  });

  function roleOf(name: (typeof ROLES)[number]): RoleProcess {
    return name === 'coordinator' ? cluster.coordinator : cluster.participant(1);
  }

  async function expectWholeAgain(): Promise<void> {
    await cluster.waitForInfo(isWhole);
    expect(await ask(cluster.coordinator, 'GET', 'k')).to.equal(`round ${round}`);
  }

  for (const name of ROLES) {
    it(`is refused when it contradicts itself, and can be set aside: ${name}`, async () => {
      const role = roleOf(name);
      await role.stop();
      const planted = await contradictLog(role);
      const { code, stderr } = await runConfig(role.configPath);
      expect(code, stderr).to.equal(1);
      const words = name === 'coordinator' ? ['--set_aside', '--yes'] : ['--set_aside'];
      const hint = `start it once with ${words.join(' ')}: `;
      expectOneLine(stderr, `${planted} contradicts itself: `, '999999', hint);
      await role.start({ words });
      await expectWholeAgain();
    });

    it(`is refused when a later release wrote it, unchanged: ${name}`, async () => {
      const role = roleOf(name);
      await role.stop();
      const later = await raiseFormat(role);
      const { code, stderr } = await runConfig(role.configPath);
      expect(code, stderr).to.equal(1);
      const text = `${later.path} is written by a later release (format ${later.format}): `;
      expectOneLine(stderr, text, 'run that release or a later one');
      later.takeBack();
      await role.start();
      await expectWholeAgain();
    });

    it(`ends its process with a reason when it fails under it: ${name}`, async function () {
      const prlimit = needs('prlimit', this);
      const role = roleOf(name);
      // From now on the kernel lets this process make no file longer.
      const limited = spawnSync(prlimit, ['--pid', String(role.pid), '--fsize=0']);
      expect(limited.status, String(limited.stderr)).to.equal(0);
      const ended = role.waitForExit();
      const reply = await ask(cluster.coordinator, 'SET', 'other', 'value').catch(String);
      expect(await ended, role.output).to.deep.equal({ code: 1, signal: null });
      expectOneLine(role.errorOutput, 'the log failed: ');
      // The participants have it, but the coordinator may end before it knows so, or says so.
      expect(reply).to.match(name === 'coordinator' ? OF_AN_END : /^OK$/);
      await role.start();
      await expectWholeAgain();
      if (reply !== 'OK') return;
      expect(await ask(cluster.coordinator, 'GET', 'other')).to.equal('value');
    });
  }
});
