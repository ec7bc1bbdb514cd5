/**
 * Strangers at the clients' port: whatever bytes come, in whatever pieces, the session neither
 * throws nor waits for ever nor keeps more than its limits, and answers what was well formed.
 */
import { expect } from 'chai';
import type { Prng } from '../../src/base/prng.js';
import type { StoreReply, StoreRequest } from '../../src/base/store-request.js';
import { bytesOf } from '../../src/base/bytes.js';
import type { SessionEnvironment } from '../../src/resp/environment.js';
import {
  DEFAULT_SESSION_LIMITS,
  MAX_LINE_BYTES,
  MAX_UNPARSED_BYTES,
  type SessionLimits,
} from '../../src/resp/limits.js';
import { type Closing, type OutgoingRequest, Session } from '../../src/resp/session.js';
import { request } from '../helpers/one-shot.js';
import { anyRequest, leaving, toldRequest } from './client-traffic.js';
import { cutInChunks, fuzz, mutate, pick } from './fuzz.js';

const SMALL: SessionLimits = {
  maxKeyBytes: 64,
  maxValueBytes: 2048,
  maxRequestArgs: 32,
  maxRequestBytes: 8192,
  maxInFlight: 4,
  maxInFlightBytes: 4096,
  maxReplyBytes: 4096,
};
const PASSWORD = 'secret';

type Settings = Pick<SessionEnvironment, 'role' | 'replyFormat' | 'requirepass' | 'limits'>;

const PLAIN: Settings = {
  role: 'coordinator',
  replyFormat: 'redis',
  requirepass: '',
  limits: DEFAULT_SESSION_LIMITS,
};

function anySettings(prng: Prng): Settings {
  return {
    role: pick(prng, ['coordinator', 'coordinator', 'participant']),
    replyFormat: pick(prng, ['redis', 'redis', 'lab', 'auto']),
    requirepass: prng.chance(0.3) ? PASSWORD : '',
    limits: pick(prng, [SMALL, DEFAULT_SESSION_LIMITS]),
  };
}

/** A store that keeps nothing: every key has its own name as its value. */
function answerTo(request: StoreRequest): StoreReply {
  if (request.type === 'txstatus') {
    if (!request.txid.includes(':')) return { type: 'error', code: 'ERR', text: 'no transaction' };
    return { type: 'status', status: 'forgotten' };
  }
  const { command } = request;
  if (command.op === 'set') return { type: 'ok' };
  const { keys } = command;
  if (command.op !== 'get') return { type: 'count', count: keys.length };
  return { type: 'values', values: keys.map((key) => Buffer.from(key, 'latin1')) };
}

/** Everything that the world can see of a session. */
interface Seen {
  readonly output: string;
  readonly requests: readonly StoreRequest[];
  readonly closing: string;
}

/** Plays socket and store, as unwilling as they may be. */
class Play {
  private readonly session: Session;
  private readonly underWay: OutgoingRequest[] = [];
  private readonly requests: StoreRequest[] = [];
  private readonly output: Buffer[] = [];
  private largestChunk = 0;

  /** `lots`: when and in which order the store answers; null: at once. */
  constructor(
    private readonly settings: Settings,
    private readonly lots: Prng | null,
  ) {
    const environment: SessionEnvironment = {
      ...settings,
      coordinatorAddress: '127.0.0.1:8001',
      info: (sections) => `sections:${sections.join(',')}\r\n`,
      configEntries: () => [['max_clients', '10000']],
      clients: () => [],
      wallClockMicros: () => 1_700_000_000_000_123,
      countCommand: () => undefined,
    };
    const facts = { id: 7, remoteAddress: '10.0.0.1:4000', localAddress: '10.0.0.2:8001' };
    this.session = new Session(environment, facts, 1000);
  }

  run(chunks: readonly Buffer[]): Seen {
    for (const chunk of chunks) {
      this.largestChunk = Math.max(this.largestChunk, chunk.length);
      while (!this.session.wantsRead && this.session.closing === null) this.makeProgress();
      if (this.session.closing !== null) break;
      this.session.receive(chunk, 2000);
      this.settle();
    }
    this.session.ended();
    const { reason, detail, flush } = this.untilClosed();
    this.settle();
    const written = Buffer.concat(this.output).toString('latin1');
    return {
      output: flush ? written : 'cut off',
      requests: this.requests,
      closing: `${reason}: ${detail}`,
    };
  }

  private untilClosed(): Closing {
    for (;;) {
      const { closing } = this.session;
      if (closing !== null) return closing;
      this.makeProgress();
    }
  }

  /** A session that wants neither bytes nor answers, and is not closed, would wait for ever. */
  private makeProgress(): void {
    this.collect();
    if (this.underWay.length > 0) this.answer();
    else if (this.session.wantsTurn) this.session.beginTurn();
    else if (this.session.closing === null) expect.fail('nobody has the next word');
    this.settle();
  }

  private settle(): void {
    this.collect();
    this.checkMemory();
    while (this.underWay.length > 0 && this.lots?.chance(0.5) !== true) {
      this.answer();
      this.collect();
    }
    this.checkMemory();
  }

  private collect(): void {
    for (const outgoing of this.session.takeRequests()) {
      this.underWay.push(outgoing);
      this.requests.push(outgoing.request);
    }
    this.output.push(bytesOf(this.session.takeOutput()));
    this.session.noteUnsent(0);
    for (const outgoing of this.session.takeRequests()) {
      this.underWay.push(outgoing);
      this.requests.push(outgoing.request);
    }
  }

  private answer(): void {
    const at = this.lots?.below(this.underWay.length) ?? 0;
    const [chosen] = this.underWay.splice(at, 1);
    if (chosen !== undefined) this.session.complete(chosen.token, answerTo(chosen.request));
  }

  /** Called for every chunk, so it asserts only what is wrong. */
  private checkMemory(): void {
    const { maxRequestBytes, maxInFlight, maxInFlightBytes, maxReplyBytes } = this.settings.limits;
    const { queryBytes, outputBytes, inFlight } = this.session.describe(3000);
    const kept = maxRequestBytes + MAX_LINE_BYTES + MAX_UNPARSED_BYTES + this.largestChunk;
    if (queryBytes > kept) expect.fail(`${queryBytes} bytes of unread requests`);
    if (inFlight > maxInFlight) expect.fail(`${inFlight} requests under way`);
    const oneReply = Math.max(maxInFlightBytes, maxRequestBytes) + 65_536;
    const waiting = maxReplyBytes + oneReply;
    if (outputBytes > waiting) expect.fail(`${outputBytes} bytes of replies wait`);
  }
}

function see(settings: Settings, chunks: readonly Buffer[], lots: Prng | null = null): Seen {
  return new Play(settings, lots).run(chunks);
}

describe('hostile clients, byte by byte', function () {
  this.timeout(60_000);

  it('get the same answers, however their bytes are cut and when the store answers', async () => {
    await fuzz(150, (prng) => {
      const settings = anySettings(prng);
      const count = 1 + prng.below(20);
      const reads = request('GET', 'k')
        .toString()
        .repeat(2 * count);
      const traffic = prng.chance(0.1)
        ? Buffer.from(reads)
        : Buffer.concat(Array.from({ length: count }, () => anyRequest(prng)));
      const bytes = mutate(prng, traffic, pick(prng, [0, 1, 1, 2, 5, 30]));
      const whole = see(settings, [bytes]);
      for (let i = 0; i < 3; i += 1) {
        const cut = see(settings, cutInChunks(prng, bytes), i === 0 ? null : prng);
        expect(cut).to.deep.equal(whole);
      }
    });
  });

  it('get every reply in order to what came before they left the protocol', async () => {
    await fuzz(150, (prng) => {
      const told = Array.from({ length: prng.below(30) }, () => toldRequest(prng));
      const last = leaving(prng, true);
      const garbage = anyRequest(prng);
      const bytes = Buffer.concat([...told.map((one) => one.bytes), last.bytes, garbage]);
      const seen = see(PLAIN, cutInChunks(prng, bytes), prng);
      const replies = [...told, last].map(({ reply }) => reply).join('');
      expect(seen.output).to.equal(replies);
      expect(seen.closing).to.match(/^protocol error: Protocol error: /);
    });
  });

  it('get no further than Redis lets them before they have authenticated', async () => {
    const settings: Settings = { ...PLAIN, requirepass: PASSWORD };
    const noAuth = '-NOAUTH Authentication required.\r\n';
    await fuzz(60, (prng) => {
      const asked = Array.from({ length: prng.below(5) }, () => Buffer.from('GET k\r\n'));
      const last = leaving(prng, false);
      const bytes = Buffer.concat([...asked, last.bytes, anyRequest(prng)]);
      const seen = see(settings, cutInChunks(prng, bytes), prng);
      expect(seen.output).to.equal(noAuth.repeat(asked.length) + last.reply);
      expect(seen.requests).to.deep.equal([]);
    });
  });

  it('have a request that is cut off anywhere neither executed nor answered', async () => {
    await fuzz(150, (prng) => {
      const told = Array.from({ length: prng.below(6) }, () => toldRequest(prng));
      const last = Buffer.from(
        `*3\r\n$3\r\nSET\r\n$4\r\nlast\r\n$${9 + prng.below(2)}\r\nof it all`,
      );
      const cut = last.subarray(0, 1 + prng.below(last.length - 1));
      const bytes = Buffer.concat([...told.map((one) => one.bytes), cut]);
      const seen = see(PLAIN, cutInChunks(prng, bytes), prng);
      expect(seen.output).to.equal(told.map(({ reply }) => reply).join(''));
      expect(JSON.stringify(seen.requests)).not.to.include('last');
      expect(seen.closing).to.match(/^client closed/);
    });
  });

  it('make nobody keep what is beyond a limit, and are told which one', async () => {
    const settings: Settings = { ...PLAIN, limits: SMALL };
    const limits = ['value exceeds', 'request exceeds', 'key exceeds'];
    await fuzz(60, (prng) => {
      const words = pick(prng, [
        ['SET', 'k', 'v'.repeat(70_000 + prng.below(200_000))],
        ['SET', 'k'.repeat(65 + prng.below(1000)), 'v'],
        ['MGET', ...new Array<string>(33 + prng.below(3000)).fill('k')],
        ['MSET', ...new Array<string>(20).fill('v'.repeat(1000))],
      ]);
      const parts = words.map((one) => `$${one.length}\r\n${one}\r\n`);
      const bytes = Buffer.from(`*${words.length}\r\n${parts.join('')}PING\r\n`);
      const { output, requests } = see(settings, cutInChunks(prng, bytes), prng);
      expect(requests).to.deep.equal([]);
      expect(output).to.match(/^-ERR [^\r\n]*\r\n\+PONG\r\n$/);
      expect(limits.some((text) => output.startsWith(`-ERR ${text} the limit`))).to.equal(true);
    });
  });
});
