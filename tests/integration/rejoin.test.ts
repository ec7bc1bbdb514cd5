/**
 * Participants that fail and come back while a client writes on: removed and re-admitted without
 * anybody's help, with everything they missed, and without an error at the client.
 */
import { join } from 'node:path';
import { expect } from 'chai';
import { isServing, isWhole, stateOf } from '../helpers/cluster-info.js';
import { type Cluster, makeCluster } from '../helpers/processes.js';
import { Recorder } from '../helpers/recorder.js';
import { ReplyError, textOf } from '../helpers/resp-connection.js';
import type { RoleProcess } from '../helpers/role-process.js';

const LONGEST_REPLY_MS = 2500;
const LARGE = Buffer.alloc(100_000, 'x');

describe('participants that fail and return under writes', function () {
  this.timeout(40_000);
  let cluster: Cluster;
  let recorder: Recorder;
  let rounds = 0;

  before(async () => {
    cluster = await makeCluster({ shared: true });
    await cluster.start();
  });
  after(() => cluster.end());

  beforeEach(async () => {
    await cluster.start();
    rounds += 1;
    recorder = new Recorder({
      host: cluster.coordinator.host,
      port: cluster.coordinator.port,
      journalPath: join(cluster.folder, `journal${rounds}`),
      writers: 4,
      pauseMs: 1,
    });
    recorder.start();
    await recorder.progress(50);
  });

  afterEach(() => recorder.stop());

  /** Ends the writing and holds the store against it; nothing may have been refused. */
  async function expectNothingLost(): Promise<void> {
    await recorder.progress(20);
    const report = await recorder.stop();
    expect(report.refusals).to.deep.equal([]);
    expect(report.unknown).to.equal(0);
    expect(report.longestGapMs).to.be.lessThan(LONGEST_REPLY_MS);
    expect(await recorder.lost()).to.deep.equal([]);
  }

  async function expectAllValuesFrom(reader: RoleProcess): Promise<void> {
    await cluster.kill9(...cluster.participants.filter((role) => role !== reader));
    await cluster.waitForInfo(isServing);
    expect(await recorder.lost(), `read from ${reader.name}`).to.deep.equal([]);
  }

  async function waitUntilOut(role: RoleProcess): Promise<void> {
    await cluster.waitForInfo((info) => stateOf(info, role.address) !== 'member');
  }

  it('removes and re-admits one that was killed', async () => {
    const victim = cluster.participant(1);
    await victim.kill9();
    await waitUntilOut(victim);
    await recorder.progress(100);
    await victim.start();
    await cluster.waitForInfo(isWhole, 10_000);
    await expectNothingLost();
    await expectAllValuesFrom(victim);
  });

  it('fills one again that lost its disk', async () => {
    const victim = cluster.participant(2);
    await victim.kill9();
    await recorder.progress(100);
    cluster.wipe(victim);
    await victim.start();
    await cluster.waitForInfo(isWhole, 10_000);
    await expectNothingLost();
    await expectAllValuesFrom(victim);
  });

  it('removes and re-admits one that stood still', async () => {
    const victim = cluster.participant(3);
    victim.pause();
    await waitUntilOut(victim);
    await recorder.progress(100);
    victim.resume();
    await cluster.waitForInfo(isWhole, 10_000);
    await expectNothingLost();
    await expectAllValuesFrom(victim);
  });

  it('re-admits one while large values are written', async () => {
    const victim = cluster.participant(3);
    const writers = await Promise.all(Array.from({ length: 4 }, () => cluster.connection()));
    let isOver = false;
    const writing = writers.map(async (connection, writer) => {
      for (let count = 0; !isOver; count += 1) {
        const reply = await connection.command('SET', `large${writer}-${count % 10}`, LARGE);
        expect(textOf(reply)).to.equal('OK');
      }
      connection.close();
    });
    await victim.kill9();
    await waitUntilOut(victim);
    await recorder.progress(20);
    await victim.start();
    await cluster.waitForInfo(isWhole, 20_000);
    isOver = true;
    await Promise.all(writing);
    expect((await recorder.stop()).refusals).to.deep.equal([]);
    expect(await recorder.lost()).to.deep.equal([]);
  });

  it('loses nothing when one fails after another has returned', async () => {
    for (const victim of [...cluster.participants, ...cluster.participants]) {
      await victim.kill9();
      await recorder.progress(100);
      await victim.start();
      await cluster.waitForInfo(isWhole, 10_000);
    }
    await expectNothingLost();
  });

  it('re-admits two at once, one of them wiped', async () => {
    const [stays, behind, wiped] = cluster.participants;
    if (stays === undefined || behind === undefined || wiped === undefined) return;
    await cluster.kill9(behind, wiped);
    await recorder.progress(100);
    cluster.wipe(wiped);
    await Promise.all([behind.start(), wiped.start()]);
    await cluster.waitForInfo(isWhole, 10_000);
    await expectNothingLost();
    await expectAllValuesFrom(wiped);
  });

  it('does not let one that is behind serve alone after a total outage', async () => {
    const behind = cluster.participant(1);
    await behind.kill9();
    await recorder.progress(100);
    const report = await recorder.stop();
    expect(report.refusals).to.deep.equal([]);
    await cluster.kill9();
    await Promise.all([cluster.coordinator.start(), behind.start()]);
    const connection = await cluster.connection();
    expect(await connection.command('GET', recorder.someKey)).to.be.instanceOf(ReplyError);
    connection.close();
    await cluster.participant(2).start();
    await cluster.participant(3).start();
    await cluster.waitForInfo(isWhole, 10_000);
    expect(await recorder.lost()).to.deep.equal([]);
    await expectAllValuesFrom(behind);
  });
});
