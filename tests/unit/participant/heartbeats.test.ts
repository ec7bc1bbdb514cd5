import { expect } from 'chai';
import type { Ping } from '../../../src/rpc/messages.js';
import type {} from '../../../src/rpc/status.js';
import { ParticipantDriver, epoch, set } from './participant-driver.js';
import type { Status } from '../../../src/rpc/status.js';

const ping = (sequence: number, number = 1, nonce = 'n'): Ping => ({
  type: 'ping',
  sequence,
  epoch: epoch(number, nonce),
});

function statusOf(driver: ParticipantDriver): Status {
  const [reply] = driver.askSynced(driver.open('heartbeat'), { type: 'inquire' });
  if (reply?.type !== 'status') throw new Error('no status');
  return reply.status;
}

describe('participant/heartbeats', () => {
  it('answers at once how far it is, whatever waits for the disk', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    const heart = driver.open('heartbeat');
    driver.commit(link, 1, [set('a', '1')]);
    driver.machine.core.persist({ kind: 'sound', txid: 0 }, true);
    const [pong] = driver.ask(heart, ping(7));
    expect(pong).to.deep.include({
      type: 'pong',
      sequence: 7,
      epoch: epoch(1),
      viewNumber: 1,
      position: driver.state.resolved,
      digest: driver.state.table.digest(),
      synced: 1,
      fit: true,
      keys: 1,
      progress: 1,
    });
    const [again] = driver.ask(heart, ping(8));
    expect(again?.type === 'pong' ? again.progress : 0, 'it has made progress').to.equal(2);
  });

  it('has nothing to tell before it knows an epoch or a view', () => {
    const driver = new ParticipantDriver();
    const [pong] = driver.ask(driver.open('heartbeat'), ping(1, 0, ''));
    expect(pong).to.deep.include({ viewNumber: 0, synced: 0 });
    expect(statusOf(driver).heardMsAgo, 'nobody was heard').to.equal(-1);
  });

  it('remembers when the coordinator that it follows was heard, and no other one', () => {
    const driver = new ParticipantDriver();
    driver.serving();
    const heart = driver.open('heartbeat');
    driver.now += 700;
    expect(statusOf(driver).heardMsAgo, 'since its fence').to.equal(700);
    driver.ask(heart, ping(1, 1, 'other'));
    expect(statusOf(driver).heardMsAgo).to.equal(700);
    driver.ask(heart, ping(2));
    driver.now += 120.4;
    const { heardMsAgo, heardEpoch } = statusOf(driver);
    expect([heardMsAgo, heardEpoch]).to.deep.equal([120, epoch(1)]);
  });

  it('forgets a torn tail once the coordinator has compared its state', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    const before = driver.log.length;
    driver.ask(link, { type: 'sound', txid: 0 });
    expect(driver.log.length, 'nothing to forget').to.equal(before);
    driver.state.tailFrom = 3;
    driver.ask(link, { type: 'sound', txid: 0 });
    expect(driver.state.tailFrom).to.equal(0);
    expect(driver.log.at(-1)).to.deep.equal({ kind: 'sound', txid: 0 });
  });
});
