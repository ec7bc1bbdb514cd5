/**
 * What every implementation of the network port must do, as its contract says. Run on TCP and on
 * the network in memory; a simulator's network runs it too. Each rule is watched from outside,
 * through recording handlers, and nothing here knows how bytes travel.
 */
import { expect } from 'chai';
import type {
  AcceptHandler,
  DialHandler,
  Network,
  PeerAcceptor,
  PeerConnection,
} from '../../src/ports/network.js';
import type { Reply, Request } from '../../src/rpc/messages.js';

export interface NetworkHarness {
  readonly network: Network;
  /** Accepts peers; resolves to the address to dial. */
  listen(acceptor: PeerAcceptor): Promise<string>;
  /** An address at which nobody listens. */
  nowhere(): Promise<string>;
  /** Lets some or all of what is under way arrive. */
  progress(): Promise<void>;
  /** Breaks every connection below both ends. */
  sever(): void;
  stop(): Promise<void>;
}

/** One end of a connection, with everything that happened to it in order. */
class Recorder implements DialHandler, AcceptHandler {
  readonly events: string[] = [];
  readonly replies: Reply[] = [];
  readonly requests: Request[] = [];
  onMessage: (() => void) | null = null;

  opened(): void {
    this.events.push('opened');
  }

  reply(message: Reply): void {
    this.events.push(`reply ${message.type}`);
    this.replies.push(message);
    this.onMessage?.();
  }

  request(message: Request): void {
    this.events.push(`request ${message.type}`);
    this.requests.push(message);
    this.onMessage?.();
  }

  closed(reason: string): void {
    expect(reason).not.to.equal('');
    this.events.push('closed');
  }

  get isClosed(): boolean {
    return this.events.includes('closed');
  }
}

interface Pair {
  readonly near: PeerConnection<Request>;
  readonly nearSaw: Recorder;
  readonly far: PeerConnection<Reply>;
  readonly farSaw: Recorder;
}

const HELLO: Request = {
  type: 'hello',
  version: 1,
  purpose: 'data',
  clusterId: '',
  storeId: '',
  dialled: '',
  coordinator: '',
  nonce: 'n',
};
const PROVED: Reply = { type: 'proved' };

function ping(sequence: number): Request {
  return { type: 'ping', sequence, epoch: { number: 1, nonce: 'e' } };
}

function part(offset: number, bytes: Buffer): Reply {
  return { type: 'part', id: 1, offset, bytes };
}

export function runNetworkTests(name: string, make: () => Promise<NetworkHarness>): void {
  describe(`network contract: ${name}`, () => {
    let harness: NetworkHarness;

    beforeEach(async () => {
      harness = await make();
    });
    afterEach(() => harness.stop());

    async function until(condition: () => boolean): Promise<void> {
      while (!condition()) await harness.progress();
    }

    /** Enough for anything that should not come to have come. */
    async function settle(): Promise<void> {
      const witness = await connect();
      witness.near.send(ping(0));
      await until(() => witness.farSaw.requests.length > 1);
      for (let i = 0; i < 10; i += 1) await harness.progress();
      witness.near.close();
    }

    /** A connection with its handshake behind it. */
    async function connect(): Promise<Pair> {
      const farSaw = new Recorder();
      const accepted: PeerConnection<Reply>[] = [];
      const address = await harness.listen((connection) => {
        accepted.push(connection);
        return farSaw;
      });
      const nearSaw = new Recorder();
      const near = harness.network.dial(address, nearSaw);
      near.send(HELLO);
      await until(() => farSaw.requests.length === 1);
      const [far] = accepted;
      if (far === undefined) throw new Error('a request came before its connection');
      far.send(PROVED);
      await until(() => nearSaw.replies.length === 1);
      return { near, nearSaw, far, farSaw };
    }

    it('opens, then delivers what was sent before and after, in order', async () => {
      const { near, nearSaw, farSaw } = await connect();
      for (let i = 0; i < 1000; i += 1) {
        near.send(ping(i));
        if (i % 100 === 0) await harness.progress();
      }
      await until(() => farSaw.requests.length === 1001);
      const sequences = farSaw.requests.slice(1).map((m) => m.type === 'ping' && m.sequence);
      expect(sequences).to.deep.equal(Array.from({ length: 1000 }, (_, i) => i));
      expect(farSaw.requests[0]).to.deep.equal(HELLO);
      expect(nearSaw.events).to.deep.equal(['opened', 'reply proved']);
    });

    it('carries large messages both ways at once, whole and in order', async () => {
      const { near, nearSaw, far, farSaw } = await connect();
      const large = Buffer.alloc(700_000, 'v');
      for (let i = 0; i < 5; i += 1) {
        near.send({ type: 'piece', stage: 's', offset: i, total: 9, bytes: large });
        near.send(ping(i));
        far.send(part(i, large));
        far.send(part(i, Buffer.alloc(0)));
      }
      await until(() => farSaw.requests.length === 11 && nearSaw.replies.length === 11);
      const offsets = nearSaw.replies.slice(1).map((m) => m.type === 'part' && m.offset);
      expect(offsets).to.deep.equal([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
      for (const message of [...farSaw.requests, ...nearSaw.replies]) {
        if ('bytes' in message && Buffer.isBuffer(message.bytes) && message.bytes.length > 0) {
          expect(message.bytes.equals(large)).to.equal(true);
        }
      }
      expect(near.bufferedBytes).to.equal(0);
      expect(near.bytesRead).to.be.greaterThan(5 * large.length);
      expect(near.bytesWritten).to.equal(far.bytesRead);
      expect(far.bytesWritten).to.equal(near.bytesRead);
      expect(harness.network.bytesRead).to.be.at.least(near.bytesRead);
    });

    it('calls no handler from within a call', async () => {
      const { near, nearSaw, far, farSaw } = await connect();
      far.send(PROVED);
      await settle();
      const before = [nearSaw.events.length, farSaw.events.length];
      near.send(ping(1));
      harness.network.flush();
      far.send(PROVED);
      far.close();
      near.close();
      const refused = new Recorder();
      harness.network.dial(await harness.nowhere(), refused);
      harness.network.dial('no address', refused);
      expect([nearSaw.events.length, farSaw.events.length]).to.deep.equal(before);
      expect(refused.events).to.deep.equal([]);
      await until(() => refused.events.length === 2);
    });

    it('ends a dial that leads nowhere, without having opened', async () => {
      const saw = new Recorder();
      const connection = harness.network.dial(await harness.nowhere(), saw);
      connection.send(HELLO);
      await until(() => saw.isClosed);
      await settle();
      expect(saw.events).to.deep.equal(['closed']);
      connection.send(HELLO);
      connection.close();
    });

    it('says nothing of a dial that was closed at once', async () => {
      const saw = new Recorder();
      const address = await harness.listen(() => new Recorder());
      harness.network.dial(address, saw).close();
      harness.network.dial(await harness.nowhere(), saw).close();
      await settle();
      expect(saw.events).to.deep.equal([]);
    });

    it('sends what is waiting, then closes: the other side hears of it last', async () => {
      const { near, nearSaw, farSaw } = await connect();
      near.send(ping(1));
      near.send({ type: 'piece', stage: 's', offset: 0, total: 9, bytes: Buffer.alloc(9_000_000) });
      near.close();
      near.send(ping(2));
      await until(() => farSaw.isClosed);
      const expected = ['request hello', 'request ping', 'request piece', 'closed'];
      expect(farSaw.events).to.deep.equal(expected);
      await settle();
      expect(nearSaw.events).to.deep.equal(['opened', 'reply proved']);
    });

    it('holds a patient message until another leaves, or all are let go, or the end', async () => {
      const { near, farSaw } = await connect();
      near.send(ping(1), true);
      expect(harness.network.isHolding).to.equal(true);
      harness.network.flush();
      await settle();
      expect(farSaw.requests).to.have.length(1);
      near.send(ping(2));
      harness.network.flush();
      await until(() => farSaw.requests.length >= 3);
      near.send(ping(3), true);
      harness.network.flushHeld();
      expect(harness.network.isHolding).to.equal(false);
      await until(() => farSaw.requests.length >= 4);
      near.send(ping(4), true);
      near.close();
      await until(() => farSaw.isClosed);
      const sequences = farSaw.requests.map((one) => (one.type === 'ping' ? one.sequence : 0));
      expect(sequences).to.deep.equal([0, 1, 2, 3, 4]);
    });

    it('lets the accepting side say why before it closes', async () => {
      const { near, nearSaw, far, farSaw } = await connect();
      const epoch = { number: 0, nonce: '' };
      for (let i = 0; i < 100; i += 1) near.send(ping(i));
      far.send({ type: 'refused', code: 'epoch', text: 'promised', epoch });
      far.close();
      await until(() => nearSaw.isClosed);
      expect(nearSaw.events.slice(2)).to.deep.equal(['reply refused', 'closed']);
      await settle();
      expect(farSaw.isClosed).to.equal(false);
    });

    it('delivers nothing after close, not even what had arrived', async () => {
      const { near, farSaw, far } = await connect();
      farSaw.onMessage = () => far.close();
      for (let i = 0; i < 50; i += 1) near.send(ping(i));
      await until(() => farSaw.requests.length > 1);
      await settle();
      expect(farSaw.events).to.deep.equal(['request hello', 'request ping']);
    });

    it('tells both ends once when a connection breaks', async () => {
      const { near, nearSaw, far, farSaw } = await connect();
      harness.sever();
      await until(() => nearSaw.isClosed && farSaw.isClosed);
      near.send(ping(1));
      far.send(PROVED);
      near.close();
      far.close();
      await settle();
      expect(nearSaw.events).to.deep.equal(['opened', 'reply proved', 'closed']);
      expect(farSaw.events).to.deep.equal(['request hello', 'closed']);
    });

    it('keeps connections apart', async () => {
      const first = await connect();
      const second = await connect();
      expect(first.near.id).not.to.equal(second.near.id);
      first.near.send(ping(1));
      second.near.close();
      await until(() => second.farSaw.isClosed && first.farSaw.requests.length === 2);
      first.far.send(part(7, Buffer.from('seven')));
      await until(() => first.nearSaw.replies.length === 2);
      expect(first.nearSaw.replies[1]).to.deep.equal(part(7, Buffer.from('seven')));
      expect(second.nearSaw.replies).to.have.length(1);
    });
  });
}
