/**
 * The network port in memory: nothing arrives before somebody delivers it.
 *
 * Each connection has two lanes, one a direction; what is sent queues there, in order, as encoded
 * bytes, so that ends share no memory and every message passes through the codec. The owner (a test
 * or a simulator) picks a lane and delivers its first item, or loses connections in the ways in
 * which real ones are lost. Knows no time: a dial that must time out is one that is cut.
 */
import { type Bytes, bytesOf } from '../../src/base/bytes.js';
import type {
  AcceptHandler,
  DialHandler,
  Network,
  PeerAcceptor,
  PeerConnection,
} from '../../src/ports/network.js';
import { encodeReply, encodeRequest } from '../../src/rpc/codec.js';
import type { Reply, Request } from '../../src/rpc/messages.js';
import { ReplyReader } from '../../src/rpc/reply-reader.js';
import { RequestFrames } from '../../src/rpc/request-frames.js';
import { HeldMessages } from './held-messages.js';
import { type End, type Item, type Link, NO_END, other, queuedBytes, type Side } from './link.js';

/** One direction of one connection with something on its way. */
export interface Lane {
  readonly connection: number;
  /** Names of hosts. */
  readonly from: string;
  readonly to: string;
  readonly towards: Side;
  /** What `deliver` would hand over: a message's type, or `dial`, `opened`, `end`. */
  readonly next: string;
}

/** More deliveries than any test needs: two sides that answer each other for ever. */
const MAX_DELIVERIES = 1_000_000;

/** Something has been queued. Called before the caller's own code goes on: only notes it. */
export type OnQueued = (lane: Pick<Lane, 'connection' | 'from' | 'to' | 'towards'>) => void;

export class MemoryNetwork {
  private readonly links = new Map<number, Link>();
  private readonly acceptors = new Map<string, PeerAcceptor>();
  private readonly readBy = new Map<string, number>();
  private readonly held = new HeldMessages<Item>();
  private lastId = 0;

  constructor(private readonly onQueued: OnQueued = () => undefined) {}

  /** The port as the process with this name sees it. A participant's name is its address. */
  host(name: string): Network {
    const { readBy, held } = this;
    return {
      dial: (address, handler) => this.dial(name, address, handler),
      flush: () => undefined,
      get isHolding() {
        return held.isHolding(name);
      },
      flushHeld: () => held.letGo(name),
      get bytesRead() {
        return readBy.get(name) ?? 0;
      },
    };
  }

  listen(address: string, acceptor: PeerAcceptor): void {
    this.acceptors.set(address, acceptor);
  }

  unlisten(address: string): void {
    this.acceptors.delete(address);
  }

  /** Where something can be delivered now, in the order in which connections were dialled. */
  lanes(): Lane[] {
    const lanes: Lane[] = [];
    for (const link of this.links.values()) {
      for (const towards of ['acceptor', 'dialler'] as const) {
        const item = link.lanes[towards][0];
        if (item === undefined || link.deaf.has(towards)) continue;
        const [from, to] = towards === 'acceptor' ? [link.from, link.to] : [link.to, link.from];
        const next = item.type === 'message' ? item.name : item.type;
        lanes.push({ connection: link.id, from, to, towards, next });
      }
    }
    return lanes;
  }

  /** Hands over the first item of the lane; false if there is none any more. */
  deliver({ connection, towards }: Pick<Lane, 'connection' | 'towards'>): boolean {
    const link = this.links.get(connection);
    const item = link?.lanes[towards].shift();
    if (link === undefined || item === undefined) return false;
    const end = link.ends[towards];
    if (!end.open && item.type === 'message') link.missed.add(towards);
    if (link.deaf.has(towards)) return false;
    if (item.type === 'dial') {
      if (link.ends.dialler.open) this.accept(link);
    } else if (end.open) {
      this.handOver(link, towards, item);
    }
    this.forgetIfOver(link);
    return true;
  }

  /** Delivers in turns until nothing is on its way. */
  deliverAll(): void {
    for (let count = 0; count < MAX_DELIVERIES;) {
      const lanes = this.lanes();
      if (lanes.length === 0) return;
      for (const lane of lanes) if (this.deliver(lane)) count += 1;
    }
    throw new Error('two sides answer each other without end');
  }

  /** The connection breaks: what is on its way is lost, both ends will hear of it. */
  cut(connection: number, reason = 'the connection was reset'): void {
    const link = this.links.get(connection);
    if (link === undefined) return;
    for (const side of ['dialler', 'acceptor'] as const) {
      link.lanes[side].length = 0;
      this.queue(link, side, { type: 'end', reason });
    }
  }

  /** What `deliver` would hand over; null if there is nothing. */
  next({ connection, towards }: Pick<Lane, 'connection' | 'towards'>): string | null {
    const item = this.links.get(connection)?.lanes[towards][0];
    if (item === undefined) return null;
    return item.type === 'message' ? item.name : item.type;
  }

  /** From now on nothing reaches this side, and nobody is told. False: it was half-open already. */
  deafen(connection: number, side: Side): boolean {
    const deaf = this.links.get(connection)?.deaf;
    const isNew = deaf?.has(side) === false;
    deaf?.add(side);
    return isNew;
  }

  /** The sender has left the connection; the receiver holds it for open and has not heard so. */
  isLeft({ connection, towards }: Pick<Lane, 'connection' | 'towards'>): boolean {
    const link = this.links.get(connection);
    if (link?.deaf.has(towards) !== false) return false;
    return link.ends[towards].open && !link.ends[other(towards)].open;
  }

  /**
   * The process is gone. After a kill its system still delivers what was sent and then closes;
   * after a power cut nothing more is heard, and peers are not told.
   */
  crash(host: string, how: 'killed' | 'powerCut' = 'killed'): void {
    this.unlisten(host);
    this.held.crash(host);
    for (const link of [...this.links.values()]) {
      for (const side of ['dialler', 'acceptor'] as const) {
        if ((side === 'dialler' ? link.from : link.to) !== host) continue;
        link.ends[side].open = false;
        link.lanes[side].length = 0;
        link.deaf.add(side);
        if (how === 'powerCut') link.deaf.add(other(side));
        else
          this.queue(link, other(side), { type: 'end', reason: 'the peer closed the connection' });
      }
      this.forgetIfOver(link);
    }
  }

  /** Connections that at least one end holds for open. */
  connectionIds(): number[] {
    return [...this.links.keys()];
  }

  connectionsOf(host: string): number[] {
    return [...this.links.values()]
      .filter(({ from, to }) => from === host || to === host)
      .map(({ id }) => id);
  }

  /**
   * The host is there again, but knows nothing of its old connections: what was sent to it
   * meanwhile is sent again by the system of the sender, and answered with a reset.
   */
  resetLost(host: string): void {
    for (const link of this.links.values()) {
      for (const side of ['dialler', 'acceptor'] as const) {
        const isHere = (side === 'dialler' ? link.from : link.to) === host;
        if (!isHere || link.ends[side].open || !link.ends[other(side)].open) continue;
        if (link.missed.has(side) || this.hasMessage(link, side)) this.answerWithReset(link, side);
      }
    }
  }

  /** As `resetLost`, for what is sent when the host is there already. */
  resetIfUnknown({ connection, towards }: Pick<Lane, 'connection' | 'towards'>): boolean {
    const link = this.links.get(connection);
    if (link === undefined || link.ends[towards].open) return false;
    if (!this.hasMessage(link, towards)) return false;
    this.answerWithReset(link, towards);
    return true;
  }

  private hasMessage(link: Link, side: Side): boolean {
    return link.lanes[side].some(({ type }) => type === 'message');
  }

  private answerWithReset(link: Link, side: Side): void {
    link.lanes[side].length = 0;
    link.missed.clear();
    link.deaf.delete(other(side));
    this.queue(link, other(side), { type: 'end', reason: 'the connection was reset' });
  }

  /** The dialler gives up: it hears so at once, the other side never. */
  abandon(connection: number, reason: string): void {
    const link = this.links.get(connection);
    if (link?.ends.dialler.open !== true) return;
    const { dialler, acceptor } = link.ends;
    dialler.open = false;
    acceptor.open = false;
    this.links.delete(connection);
    dialler.ended(reason);
  }

  /** The message that comes next, decoded; null if something else does, or nothing. */
  message({ connection, towards }: Pick<Lane, 'connection' | 'towards'>): Request | Reply | null {
    const item = this.links.get(connection)?.lanes[towards][0];
    if (item?.type !== 'message') return null;
    const reader = towards === 'acceptor' ? new RequestFrames() : new ReplyReader();
    return [...reader.push(item.bytes)][0] ?? null;
  }

  /** For people: what comes next. */
  describe(lane: Pick<Lane, 'connection' | 'towards'>): string {
    const next = this.next(lane);
    if (next === null) return 'nothing';
    const message = this.message(lane);
    if (message === null) return `#${lane.connection} ${next}`;
    const told = JSON.stringify(message, (key, value: unknown) =>
      key === 'payload' || key === 'data' || key === 'bytes' ? '…' : value,
    );
    return `#${lane.connection} ${told.slice(0, 240)}`;
  }

  private dial(from: string, to: string, handler: DialHandler): PeerConnection<Request> {
    this.lastId += 1;
    const reader = new ReplyReader();
    const end: End = {
      ...NO_END,
      received: (bytes) => {
        for (const reply of reader.push(bytes)) if (end.open) handler.reply(reply);
      },
      opened: () => handler.opened(),
      ended: (reason) => handler.closed(reason),
    };
    const link: Link = {
      id: this.lastId,
      from,
      to,
      ends: { dialler: end, acceptor: { ...NO_END } },
      lanes: { dialler: [], acceptor: [] },
      deaf: new Set(),
      missed: new Set(),
    };
    this.links.set(link.id, link);
    this.queue(link, 'acceptor', { type: 'dial' });
    return this.connection<Request>(link, 'dialler', encodeRequest);
  }

  private accept(link: Link): void {
    const acceptor = this.acceptors.get(link.to);
    if (acceptor === undefined) {
      link.ends.acceptor.open = false;
      link.lanes.acceptor.length = 0;
      this.queue(link, 'dialler', { type: 'end', reason: 'connection refused' });
      return;
    }
    const frames = new RequestFrames();
    const end = link.ends.acceptor;
    this.queue(link, 'dialler', { type: 'opened' });
    const connection = this.connection<Reply>(link, 'acceptor', encodeReply);
    const handler: AcceptHandler = acceptor(connection);
    end.received = (bytes) => {
      for (const request of frames.push(bytes)) if (end.open) handler.request(request);
    };
    end.ended = (reason) => handler.closed(reason);
  }

  private handOver(link: Link, towards: Side, item: Item): void {
    const end = link.ends[towards];
    if (item.type === 'opened') {
      end.opened();
    } else if (item.type === 'message') {
      const host = towards === 'dialler' ? link.from : link.to;
      end.bytesRead += item.bytes.length;
      this.readBy.set(host, (this.readBy.get(host) ?? 0) + item.bytes.length);
      end.received(item.bytes);
    } else if (item.type === 'end') {
      this.finish(link, towards, item.reason);
      end.ended(item.reason);
    }
  }

  private connection<Out extends Request | Reply>(
    link: Link,
    side: Side,
    encode: (message: Out) => readonly Bytes[],
  ): PeerConnection<Out> {
    const end = link.ends[side];
    const lane = link.lanes[other(side)];
    const held = this.held.lane(side === 'dialler' ? link.from : link.to, (item) => {
      if (end.open) this.queue(link, other(side), item);
    });
    return {
      id: link.id,
      send: (message, isPatient = false) => {
        if (!end.open) return;
        const bytes = bytesOf(encode(message));
        end.sentBytes += bytes.length;
        held.hold({ type: 'message', name: message.type, bytes });
        if (!isPatient) held.letGo();
      },
      close: () => {
        held.letGo();
        if (end.open) this.finish(link, side, 'the peer closed the connection');
      },
      get bufferedBytes() {
        return queuedBytes(lane);
      },
      get bytesRead() {
        return end.bytesRead;
      },
      get bytesWritten() {
        return end.sentBytes - queuedBytes(lane);
      },
    };
  }

  /** This side is over; the other hears of it behind what was sent. */
  private finish(link: Link, side: Side, reason: string): void {
    link.ends[side].open = false;
    link.lanes[side].length = 0;
    if (link.ends[other(side)].open) this.queue(link, other(side), { type: 'end', reason });
    this.forgetIfOver(link);
  }

  private queue(link: Link, towards: Side, item: Item): void {
    link.lanes[towards].push(item);
    const [from, to] = towards === 'acceptor' ? [link.from, link.to] : [link.to, link.from];
    this.onQueued({ connection: link.id, from, to, towards });
  }

  private forgetIfOver(link: Link): void {
    if (!link.ends.dialler.open && !link.ends.acceptor.open) this.links.delete(link.id);
  }
}
