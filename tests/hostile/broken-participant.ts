/**
 * A participant that knows the secret and is broken, among two sound ones: some of its replies are
 * missing, repeated, unasked for, or say something else than what is true. Drives a coordinator and
 * checks that every client is answered once, and that what was acknowledged is with a sound one.
 */
import { expect } from 'chai';
import type { Prng } from '../../src/base/prng.js';
import { encodeRequest } from '../../src/rpc/codec.js';
import type { Reply, Request } from '../../src/rpc/messages.js';
import { decodeCommands } from '../../src/storage/commands.js';
import { encodeRecord } from '../../src/wal/codec.js';
import { encodeSegmentHeader } from '../../src/wal/segment-header.js';
import { CoordinatorDriver, type Part } from '../unit/coordinator/coordinator-driver.js';
import { pick } from './fuzz.js';
import { arrivedReply, perturbed, sampleReplies } from './peer-messages.js';

const PLACE = { salt: 0, offset: 96, beginsFlush: true, endsFlush: true };
/** Longer than any request may wait. */
const PATIENCE_MS = 20_000;
const MAX_SENT = 200_000;

type Answerer = (this: Part, dial: number, message: Request) => Reply | null;

/** What the part would say if it were sound. */
function soundReply(part: Part, message: Request): Reply | null {
  return (Reflect.get(part, 'reply') as Answerer).call(part, 0, message);
}

export class BrokenParticipant {
  private readonly driver = new CoordinatorDriver();
  private readonly broken: Part;
  private readonly writes = new Map<number, string>();
  private readonly reads: number[] = [];

  constructor(
    private readonly prng: Prng,
    private readonly wrongness: number,
  ) {
    this.broken = this.driver.part('c');
  }

  play(steps: number): void {
    const { driver, prng } = this;
    if (prng.chance(0.3)) this.breakNow();
    driver.run(2500);
    this.breakNow();
    for (let step = 0; step < steps && driver.exit === null; step += 1) this.step();
    driver.run(PATIENCE_MS);
    this.check();
  }

  /** Whoever listens where a participant did, and does not know the secret. */
  static playStranger(prng: Prng): void {
    const driver = new CoordinatorDriver();
    driver.serve();
    const stranger = driver.part('c');
    stranger.answer = (message) => {
      if (message.type !== 'hello') return null;
      const codes = ['epoch', 'epoch', 'generation', 'superseded', 'failed', 'protocol'] as const;
      const code = pick(prng, codes);
      const epoch = { number: driver.epoch.number + prng.below(2), nonce: 'stranger' };
      const refused: Reply = { type: 'refused', code, text: 'go away', epoch };
      const others = sampleReplies(prng, 4).filter(({ type }) => type !== 'refused');
      return prng.chance(0.7) ? refused : pick(prng, [refused, ...others]);
    };
    stranger.lose();
    driver.run(prng.below(3000));
    const token = driver.set('k', 'v');
    driver.run(5000);
    expect(driver.exit, 'the coordinator goes on').to.equal(null);
    expect(driver.phase).to.equal('serving');
    expect(driver.told(token)).to.equal('ok');
  }

  private breakNow(): void {
    const { broken, prng } = this;
    broken.answer = (message) => {
      const reply = soundReply(broken, message);
      if (!prng.chance(this.wrongness)) return reply;
      if (reply === null || prng.chance(0.2)) return tame(pick(prng, sampleReplies(prng, 2)));
      return arrivedReply(tame(perturbed(prng, reply))) ?? reply;
    };
  }

  private step(): void {
    const { driver, prng, broken } = this;
    switch (prng.below(8)) {
      case 0:
      case 1:
      case 2: {
        const value = `value ${this.writes.size}`;
        this.writes.set(driver.set(`k${prng.below(5)}`, value, prng.below(3)), value);
        return;
      }
      case 3:
      case 4:
        this.reads.push(driver.get(prng.below(3), 'k1', 'k2'));
        return;
      case 5:
        if (broken.data !== 0) broken.say(tame(this.unasked()));
        return;
      case 6:
        if (prng.chance(0.2)) broken.lose();
        return;
      default:
        driver.run(prng.below(400));
    }
  }

  private unasked(): Reply {
    const { broken, prng } = this;
    const [sample] = sampleReplies(prng, 1);
    const last = broken.got.at(-1);
    const again = last === undefined ? null : soundReply(broken, last);
    return prng.chance(0.5) ? (again ?? broken.pong()) : (sample ?? broken.pong());
  }

  private check(): void {
    const { driver } = this;
    for (const record of driver.log) encodeRecord(record, PLACE);
    for (const part of driver.parts) {
      expect(part.got.length, 'messages to one participant').to.be.below(MAX_SENT);
      for (const message of part.got) encodeRequest(message);
    }
    if (driver.adopted !== null) {
      const facts = { role: 'coordinator', storeId: 'x', segment: 1, previousBytes: 0 } as const;
      encodeSegmentHeader({ ...driver.adopted, ...facts });
    }
    // Fails on a second answer, too.
    for (const token of [...this.reads, ...this.writes.keys()]) {
      expect(driver.told(token), `the answer to request ${token}`).not.to.equal('');
    }
    this.checkAcknowledged();
  }

  private checkAcknowledged(): void {
    const sound = ['a', 'b'].map((name) => committedValues(this.driver.part(name)));
    for (const [token, value] of this.writes) {
      if (this.driver.told(token) !== 'ok') continue;
      expect(
        sound.some((values) => values.has(value)),
        `${value} is kept`,
      ).to.equal(true);
    }
  }
}

/** Without the last epochs, above which nobody could begin one. */
function tame(reply: Reply): Reply {
  if (reply.type === 'refused' || reply.type === 'pong') return reply;
  if (reply.type !== 'status' && reply.type !== 'fenced') return reply;
  const { status } = reply;
  const number = Math.min(status.epoch.number, 2 ** 40);
  return { ...reply, status: { ...status, epoch: { ...status.epoch, number } } };
}

function committedValues(part: Part): Set<string> {
  const values = new Set<string>();
  const prepares = new Map<string, readonly Buffer[]>();
  for (const message of part.got) {
    if (message.type === 'prepare') {
      prepares.set(`${message.epoch}:${message.txid}`, message.payload);
    } else if (message.type === 'outcome' && message.commit) {
      const payload = prepares.get(`${message.epoch}:${message.txid}`) ?? [];
      for (const command of decodeCommands(Buffer.concat(payload))) {
        if (command.op !== 'set') continue;
        for (const [, value] of command.pairs) values.add(value.toString());
      }
    }
  }
  return values;
}
