import { expect } from 'chai';
import { KEPT_BYTES } from '../../../src/storage/shard.js';
import { SHARDS } from '../../../src/storage/table.js';
import { flipStoredByte } from '../../helpers/rot.js';
import { ParticipantDriver, epoch, set } from './participant-driver.js';

describe('participant/scrub', () => {
  it('finds a value that changed by itself without being asked for it', () => {
    const traced: string[] = [];
    const driver = new ParticipantDriver({ trace: (message) => traced.push(message) });
    const link = driver.serving();
    driver.commit(link, 1, [set('a', 'x'.repeat(KEPT_BYTES))]);
    for (let shard = 0; shard < SHARDS; shard += 1) driver.tick(500);
    expect(driver.state.fit).to.equal(true);
    expect(flipStoredByte(driver.state.table, 'a')).to.equal(true);
    for (let shard = 0; shard < SHARDS; shard += 1) driver.tick(500);
    expect(driver.state.fit).to.equal(false);
    expect(traced.join('\n')).to.match(/must be refilled/);
    const heart = driver.open('heartbeat');
    const [pong] = driver.ask(heart, { type: 'ping', sequence: 1, epoch: epoch(1) });
    expect(pong?.type === 'pong' && pong.fit).to.equal(false);
    const { scrubbedShards } = driver.machine.core.counters;
    driver.tick(500);
    expect(driver.machine.core.counters.scrubbedShards, 'it rests').to.equal(scrubbedShards);
    expect(driver.machine.nextTimeoutAt()).to.equal(null);
  });

  it('takes one shard an interval', () => {
    const driver = new ParticipantDriver();
    const due = driver.machine.nextTimeoutAt() ?? 0;
    expect(due).to.equal(driver.now + 500);
    driver.tick(499);
    expect(driver.machine.core.counters.scrubbedShards).to.equal(0);
    driver.tick(1);
    driver.tick(0);
    expect(driver.machine.core.counters.scrubbedShards).to.equal(1);
  });
});
