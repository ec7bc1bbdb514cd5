import { expect } from 'chai';
import fc from 'fast-check';
import {
  BATCH_BYTES,
  BATCH_COMMANDS,
  COMPANION_BYTES,
  COMPANION_COMMANDS,
  COMPANION_PATIENCE_MS,
  INLINE_PAYLOAD_BYTES,
  LATE_COMPANION_COMMANDS,
} from '../../../src/base/limits.js';
import { pairBytes } from '../../../src/base/pair-memory.js';
import type { WriteCommand } from '../../../src/base/store-request.js';
import { Batcher, needsStaging } from '../../../src/coordinator/batcher.js';
import type { PendingWrite } from '../../../src/coordinator/transaction.js';
import { CoordinatorDriver } from './coordinator-driver.js';

const { core } = new CoordinatorDriver().machine;

const set = (bytes: number, pairs = 1): WriteCommand => ({
  op: 'set',
  pairs: Array.from({ length: pairs }, (_, index) => [`k${index}`, Buffer.alloc(bytes)] as const),
});

function make(batcher: Batcher, token: number, command: WriteCommand = set(10)): PendingWrite {
  return batcher.makeWrite({ session: 1, token }, command, core.now);
}

function tokens(writes: readonly PendingWrite[]): (number | undefined)[] {
  return writes.map((write) => write.client?.token);
}

/** Errors that were answered since the last look. */
function answered(): string[] {
  const replies = core.takeReady()?.reply ?? [];
  return replies.map(({ client, reply }) => {
    return `${client.token} ${reply.type === 'error' ? reply.code : reply.type}`;
  });
}

describe('coordinator/batcher', () => {
  it('gives out everything once, in order, in batches within both limits', () => {
    const sizes = fc.array(fc.oneof(fc.nat(300), fc.integer({ min: 1e5, max: 6e5 })), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(sizes, (list) => {
        const batcher = new Batcher(core);
        for (const [token, bytes] of list.entries()) batcher.add(make(batcher, token, set(bytes)));
        const all: PendingWrite[] = [];
        while (batcher.length > 0) {
          const batch = batcher.take();
          const bytes = batch.reduce((sum, write) => sum + write.bytes, 0);
          expect(batch.length).to.be.greaterThan(0);
          expect(batch.length === 1 || bytes <= BATCH_BYTES).to.equal(true);
          all.push(...batch);
        }
        expect(tokens(all)).to.deep.equal([...list.keys()]);
        expect([batcher.bytes, batcher.pairs]).to.deep.equal([0, 0]);
      }),
    );
  });

  it('closes a batch at its number of commands', () => {
    const batcher = new Batcher(core);
    const command = { op: 'del', keys: [''] } as const;
    for (let i = 0; i <= BATCH_COMMANDS; i += 1) batcher.add(make(batcher, i, command));
    expect(batcher.take()).to.have.length(BATCH_COMMANDS);
    expect(batcher.take()).to.have.length(1);
    expect(batcher.take()).to.have.length(0);
  });

  it('counts bytes and pairs as participants will', () => {
    const batcher = new Batcher(core);
    const two = make(batcher, 1, set(100, 2));
    expect([two.bytes, two.pairs]).to.deep.equal([2 * pairBytes(2, 100), 2]);
    const del = make(batcher, 2, { op: 'del', keys: ['abc', 'd'] });
    expect([del.bytes, del.pairs]).to.deep.equal([3 + 8 + 1 + 8, 0]);
    batcher.add(two);
    batcher.add(del);
    expect([batcher.bytes, batcher.pairs, batcher.length]).to.deep.equal([two.bytes + 20, 2, 2]);
  });

  it('puts writes back at the head, in order, without those that were answered', () => {
    const batcher = new Batcher(core);
    const writes = [1, 2, 3, 4].map((token) => make(batcher, token));
    for (const write of writes) batcher.add(write);
    const taken = batcher.take().slice(0, 3);
    batcher.add(make(batcher, 5));
    const [, second] = taken;
    if (second !== undefined) second.client = null;
    batcher.putBack(taken);
    expect(batcher.length).to.equal(3);
    expect(tokens(batcher.take())).to.deep.equal([1, 3, 5]);
    expect(batcher.bytes).to.equal(0);
  });

  it('answers and drops what waited too long, and nothing else', () => {
    const batcher = new Batcher(core);
    answered();
    const [early, late] = [make(batcher, 1), make(batcher, 2)];
    late.deadline = early.deadline + 10;
    expect(batcher.nextTimeoutAt).to.equal(Infinity);
    batcher.add(early);
    batcher.add(late);
    expect(batcher.nextTimeoutAt).to.equal(early.deadline);
    batcher.expire(early.deadline - 1, 'TRYAGAIN', 'late');
    expect([batcher.length, answered()]).to.deep.equal([2, []]);
    batcher.expire(early.deadline, 'TRYAGAIN', 'late');
    expect(answered()).to.deep.equal(['1 TRYAGAIN']);
    expect(early.client, 'it left the queue in the same step').to.equal(null);
    expect(tokens(batcher.take())).to.deep.equal([2]);
  });

  it('counts the time of a write from its arrival on', () => {
    const write = new Batcher(core).makeWrite({ session: 1, token: 1 }, set(10), core.now - 1500);
    expect(write.deadline).to.equal(core.now - 1500 + core.settings.requestTimeoutMs);
  });

  it('fails all, each once', () => {
    const batcher = new Batcher(core);
    const answeredAlready = make(batcher, 1);
    answeredAlready.client = null;
    batcher.add(answeredAlready);
    batcher.add(make(batcher, 2));
    batcher.failAll('ERR', 'over');
    batcher.failAll('ERR', 'over');
    expect(answered()).to.deep.equal(['2 ERR']);
    expect([batcher.length, batcher.bytes]).to.deep.equal([0, 0]);
  });

  it('never batches what needs staging', () => {
    const batcher = new Batcher(core);
    expect(needsStaging(make(batcher, 1, set(INLINE_PAYLOAD_BYTES / 2)))).to.equal(true);
    expect(needsStaging(make(batcher, 1, set(INLINE_PAYLOAD_BYTES / 2 - 600)))).to.equal(false);
  });
});

describe('coordinator/batcher: when a batch is due', () => {
  const companionCommands = 4;
  const { core: patient } = new CoordinatorDriver({ settings: { companionCommands } }).machine;
  const waiting = (count: number): Batcher => {
    const batcher = new Batcher(patient);
    for (let i = 0; i < count; i += 1) batcher.add(make(batcher, i));
    return batcher;
  };
  const isLull = (): boolean => patient.takeReady()?.again === true;

  it('is at once where nothing is under way, and beside others once it is large', () => {
    expect(waiting(0).isDue(false)).to.equal(false);
    expect(waiting(1).isDue(false)).to.equal(true);
    expect(waiting(companionCommands - 1).isDue(true)).to.equal(false);
    expect(waiting(companionCommands).isDue(true)).to.equal(true);
    const bytes = waiting(0);
    bytes.add(make(bytes, 1, set(COMPANION_BYTES)));
    expect(bytes.isDue(true)).to.equal(true);
  });

  it('is beside others that take long as soon as it is not small', () => {
    const large = 2 * LATE_COMPANION_COMMANDS;
    const driver = new CoordinatorDriver({ settings: { companionCommands: large } });
    const late = driver.machine.core;
    const batcher = new Batcher(late);
    const add = (count: number): void => {
      for (let i = 0; i < count; i += 1) batcher.add(make(batcher, i));
    };
    add(1);
    batcher.take();
    const lateAt = late.now + COMPANION_PATIENCE_MS;
    add(LATE_COMPANION_COMMANDS - 1);
    expect(batcher.nextTimeoutAt, 'too small then as well').to.be.above(lateAt);
    add(1);
    expect([batcher.isDue(true), batcher.nextTimeoutAt]).to.deep.equal([false, lateAt]);
    late.now = lateAt;
    expect(batcher.isDue(true)).to.equal(true);
    expect(batcher.nextTimeoutAt, 'nothing changes by waiting').to.be.above(lateAt);
    batcher.take();
    add(large);
    expect(batcher.isDue(true), 'large enough at once').to.equal(true);
    expect(batcher.nextTimeoutAt, 'so nothing is waited for').to.be.above(lateAt + 1000);
    expect(waiting(1).isDue(true), 'where less is large already').to.equal(false);
  });

  it('is beside others that take long without any input', () => {
    const driver = new CoordinatorDriver({
      settings: { companionCommands: COMPANION_COMMANDS },
    }).serve();
    for (const part of driver.parts) part.silent.add('prepare');
    for (let i = 0; i <= LATE_COMPANION_COMMANDS; i += 1) driver.set(`k${i}`, 'v', i);
    const begun = (): number => driver.part('a').all('prepare').length;
    expect([begun(), driver.machine.nextTimeoutAt()]).to.deep.equal([
      1,
      driver.now + COMPANION_PATIENCE_MS,
    ]);
    driver.run(COMPANION_PATIENCE_MS);
    expect(begun()).to.equal(2);
  });

  it('waits for clients that were just answered, as long as each round brings some', () => {
    const batcher = waiting(1);
    for (let i = 0; i < 2; i += 1) batcher.expectMore();
    expect([batcher.isDue(false), isLull()]).to.deep.equal([false, true]);
    batcher.add(make(batcher, 7));
    expect([batcher.isDue(false), isLull()]).to.deep.equal([false, true]);
    expect([batcher.isDue(false), isLull()], 'nobody came').to.deep.equal([true, false]);
    batcher.add(make(batcher, 8));
    expect(batcher.isDue(false), 'all are here').to.equal(true);
    batcher.take();
    batcher.add(make(batcher, 9));
    expect(batcher.isDue(false), 'nobody is expected any more').to.equal(true);
  });

  it('waits for them however many it has while it may go alone', () => {
    const driver = new CoordinatorDriver({ settings: { companionCommands: COMPANION_COMMANDS } });
    const late = driver.machine.core;
    const batcher = new Batcher(late);
    batcher.add(make(batcher, 0));
    batcher.take();
    late.now += COMPANION_PATIENCE_MS;
    for (let i = 0; i < LATE_COMPANION_COMMANDS; i += 1) batcher.add(make(batcher, i));
    batcher.expectMore();
    expect(batcher.isDue(false)).to.equal(false);
  });

  it('waits for them no longer than the newest batch took, even if each round brings one', () => {
    const driver = new CoordinatorDriver({ settings: { companionCommands: COMPANION_COMMANDS } });
    const { core: own } = driver.machine;
    const batcher = new Batcher(own);
    const tookMs = 3;
    batcher.take();
    own.now += tookMs;
    for (let i = 0; i < 100; i += 1) batcher.expectMore();
    const dueAfter = (): number => {
      const start = own.now;
      for (;;) {
        batcher.add(make(batcher, 1));
        if (batcher.isDue(false)) return own.now - start;
        own.now += 0.5;
      }
    };
    expect(dueAfter()).to.equal(tookMs + 0.5);
  });

  it('waits for the clients of the newest batch that ended, not of one before it', () => {
    const driver = new CoordinatorDriver({ settings: { companionCommands: COMPANION_COMMANDS } });
    const { core: own } = driver.machine;
    const batcher = new Batcher(own);
    batcher.take();
    own.now += 9;
    batcher.take();
    for (const passed of [1, 9]) {
      own.now += passed;
      batcher.expectMore();
    }
    batcher.add(make(batcher, 1));
    expect(batcher.isDue(false)).to.equal(false);
  });
});
