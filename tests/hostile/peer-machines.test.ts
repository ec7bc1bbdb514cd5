/**
 * Machines between strangers and broken peers. A stranger, who never proves that it knows the
 * secret, changes nothing; a broken peer, who does, meets refusals, never a fault of ours; and what
 * was acknowledged beside them stays.
 */
import { expect } from 'chai';
import type { Prng } from '../../src/base/prng.js';
import type { Request } from '../../src/rpc/messages.js';
import {
  fence,
  hello,
  outcome,
  ParticipantDriver,
  prepare,
  set,
} from '../unit/participant/participant-driver.js';
import { BrokenCoordinator } from './broken-coordinator.js';
import { BrokenParticipant } from './broken-participant.js';
import { fuzz, pick } from './fuzz.js';
import { arrivedRequest, perturbed, sampleRequests } from './peer-messages.js';

/** Everything that a stranger must not change. */
function held(driver: ParticipantDriver): unknown {
  const { state, core } = driver.machine;
  const { epoch, view, resolved, inDoubt, stages, aborted, tailFrom, fit, installing } = state;
  return {
    ...{ epoch, view, resolved, aborted, tailFrom, fit, installing },
    inDoubt: inDoubt.map(({ record }) => [record.epoch, record.txid, record.crc]),
    table: [state.table.digest(), state.table.size, state.table.bytes],
    staged: [stages.count, stages.bytes],
    core: [core.clusterId, core.generation, core.refusedTxid, core.heardAt, core.heardEpoch],
    log: driver.log.length,
    adopted: driver.adopted,
    donor: [driver.donorDial, driver.toDonor.length, driver.installs.length],
  };
}

/** Everything that it could say, in an order of its own. */
function strangersWords(prng: Prng): Request[] {
  const words: Request[] = [...sampleRequests(prng, 1 + prng.below(4))];
  const greeting = prng.chance(0.5) ? hello() : perturbed(prng, hello());
  if (prng.chance(0.7)) words.unshift(greeting);
  if (prng.chance(0.5)) {
    words.splice(prng.below(words.length + 1), 0, { type: 'prove', mac: '0'.repeat(64) });
  }
  const fences: Request[] = [
    fence({ number: 9, nonce: 'x' }, { generation: 1 }),
    { type: 'ping', sequence: 1, epoch: { number: 1, nonce: 'n' } },
    outcome(1),
    prepare(1, [set('stolen', 'x')]),
    { type: 'inquire' },
  ];
  if (prng.chance(0.7)) words.splice(prng.below(words.length + 1), 0, pick(prng, fences));
  return words.map(arrivedRequest).filter((word) => word !== null);
}

function visit(prng: Prng, driver: ParticipantDriver): void {
  const link = driver.connect();
  for (const word of strangersWords(prng)) {
    const isOpen = !driver.closed.includes(link);
    const replies = driver.ask(link, word).map(({ type }) => type);
    if (!isOpen) expect(replies, 'to what was refused before').to.deep.equal([]);
    else expect(replies.join(), word.type).to.match(/^(welcome|refused)$/);
  }
  driver.step({ type: 'linkClosed', link });
}

describe('hostile peers of a participant', function () {
  this.timeout(60_000);

  it('that are strangers change nothing, and no write is lost beside them', async () => {
    await fuzz(100, (prng) => {
      const driver = new ParticipantDriver();
      const link = driver.serving();
      for (let txid = 1; txid <= 5; txid += 1) {
        const vote = driver.askSynced(link, prepare(txid, [set(`k${txid}`, 'kept')]));
        const before = held(driver);
        visit(prng, driver);
        expect(held(driver)).to.deep.equal(before);
        const done = driver.askSynced(link, outcome(txid));
        expect([vote, done].map(([reply]) => reply?.type)).to.deep.equal(['vote', 'done']);
        expect(driver.state.table.get(`k${txid}`)?.toString()).to.equal('kept');
      }
    });
  });

  it('that know the secret and are broken meet no fault; the log tells what is held', async () => {
    await fuzz(120, (prng) => {
      const wrongness = pick(prng, [0.05, 0.2, 0.5]);
      new BrokenCoordinator(prng, wrongness).play(60);
    });
  });
});

describe('hostile peers of a coordinator', function () {
  this.timeout(60_000);

  it('among its participants cost no answer and no acknowledged write', async () => {
    await fuzz(50, (prng) => {
      new BrokenParticipant(prng, pick(prng, [0.05, 0.2, 0.6])).play(40);
    });
  });

  it("that are strangers at a participant's address do not make it give up", async () => {
    await fuzz(25, (prng) => {
      BrokenParticipant.playStranger(prng);
    });
  });
});
