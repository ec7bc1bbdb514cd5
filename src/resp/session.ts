/**
 * One client connection as a machine without I/O: bytes in, store requests out, store replies in,
 * bytes out. The shell owns the socket and does what the machine says.
 *
 *   in:  `receive`, `ended`, `complete`, `noteUnsent`, `beginTurn`, `stop`
 *   out: `takeOutput`, `takeRequests`, `wantsRead`, `wantsTurn`, `closing`
 *
 * After any input the shell takes all outputs. Invariants: replies leave in request order; nothing
 * is executed behind QUIT, a protocol error or `stop`; a connection is never closed while a request
 * of it is unanswered, except when HTTP is spoken on it; one request at most is held back, and
 * nothing behind it is read until it has left; what is executed in one turn is bounded, also for
 * a client that wants no replies.
 */
import type { Bytes } from '../base/bytes.js';
import type { StoreReply, StoreRequest } from '../base/store-request.js';
import {
  ClientState,
  type ConnectionFacts,
  firstFormat,
  type ReplyFormat,
} from './client-state.js';
import { replyOf, type CommandOutcome, type StoreAnswer } from './command.js';
import { commandOf, dispatch, isHttp } from './dispatch.js';
import type { ClientInfo, SessionEnvironment } from './environment.js';
import { LAB_ERROR, protocolError } from './error-replies.js';
import { MAX_UNPARSED_BYTES, readerLimits, TURN_REPLY_BYTES } from './limits.js';
import { ByToken } from './by-token.js';
import { ProgramOrder } from './program-order.js';
import { replyBytes, type Reply } from './replies.js';
import { type Place, ReplyQueue } from './reply-queue.js';
import { RequestReader, type ParsedRequest, type Violation } from './request-reader.js';

/** Why a connection is to be closed, once everything taken before was written. */
export interface Closing {
  readonly reason: 'quit' | 'protocol error' | 'client closed' | 'http' | 'server stops';
  /** For people. */
  readonly detail: string;
  /** False: at once, and without what is still to be written. */
  readonly flush: boolean;
}

export interface OutgoingRequest {
  readonly token: number;
  readonly request: StoreRequest;
}

/** A request on its way through the store: one object, as there are many. */
interface Pending extends OutgoingRequest, Place {
  readonly answer: (reply: StoreAnswer) => Reply;
  readonly name: string;
  readonly format: ReplyFormat;
  readonly bytes: number;
}

const MS_PER_SECOND = 1000;

const NONE: readonly OutgoingRequest[] = [];

export class Session {
  readonly id: number;
  private readonly reader: RequestReader;
  private readonly client: ClientState;
  private readonly replies = new ReplyQueue();
  private readonly order: ProgramOrder;
  private readonly pending = new ByToken<Pending>();
  private held: Pending | null = null;
  private outgoing: OutgoingRequest[] = [];
  private format: ReplyFormat;
  private undecidedFormat: boolean;
  private inFlightBytes = 0;
  private unsentBytes = 0;
  /** Of replies that were made without the store since the last `beginTurn`. */
  private turnBytes = 0;
  private halfClosed = false;
  private verdict: Closing | null = null;
  private lastInputAt: number;

  constructor(
    private readonly environment: SessionEnvironment,
    facts: ConnectionFacts,
    private readonly openedAt: number,
  ) {
    const { limits, replyFormat, requirepass } = environment;
    this.id = facts.id;
    this.client = new ClientState(facts, requirepass);
    this.reader = new RequestReader(readerLimits(limits));
    this.reader.restrict(!this.client.authenticated);
    this.order = new ProgramOrder(limits.maxReplyBytes);
    this.undecidedFormat = replyFormat === 'auto';
    this.format = firstFormat(replyFormat);
    this.lastInputAt = openedAt;
  }

  /** Bytes from the client. */
  receive(chunk: Buffer, now: number): void {
    if (this.verdict !== null) return;
    this.lastInputAt = now;
    this.reader.push(chunk);
    this.advance();
  }

  /** The client will send nothing more; it still gets the replies to what it sent. */
  ended(): void {
    this.halfClosed = true;
    this.advance();
  }

  /** What the store says to a request that left before. */
  complete(token: number, reply: StoreReply): void {
    const pending = this.pending.take(token);
    this.inFlightBytes -= pending.bytes;
    const made = replyOf(reply, pending.answer);
    this.order.answered(pending.request, replyBytes(made));
    this.environment.countCommand(pending.name, made.kind === 'error' ? 'failed' : 'called');
    this.replies.fill(pending, inFormat(made, pending.format));
    this.advance();
  }

  /** How many of the taken bytes wait in the socket: a slow reader is not read from. */
  noteUnsent(bytes: number): void {
    this.unsentBytes = bytes;
    if (this.held !== null || this.reader.unparsedBytes > 0 || this.halfClosed) this.advance();
  }

  /** Everybody else had a turn since `wantsTurn` was seen. */
  beginTurn(): void {
    this.turnBytes = 0;
    this.advance();
  }

  /** Executes nothing more; what is under way is still answered. */
  stop(): void {
    this.close({ reason: 'server stops', detail: 'the server stops', flush: true });
  }

  takeOutput(): Bytes[] {
    return this.replies.take();
  }

  takeRequests(): readonly OutgoingRequest[] {
    if (this.outgoing.length === 0) return NONE;
    const taken = this.outgoing;
    this.outgoing = [];
    return taken;
  }

  /** True while requests may wait only because this connection has had its share of the turn. */
  get wantsTurn(): boolean {
    return this.turnBytes >= TURN_REPLY_BYTES && this.verdict === null;
  }

  /** Whether `takeOutput` or `takeRequests` has anything to give. */
  get hasOutput(): boolean {
    return this.outgoing.length > 0 || this.replies.hasOutput;
  }

  /** False while a limit is exceeded; input that is pushed all the same is kept. */
  get wantsRead(): boolean {
    if (this.verdict !== null || this.halfClosed) return false;
    const { maxReplyBytes } = this.environment.limits;
    return this.reader.unparsedBytes < MAX_UNPARSED_BYTES && this.replyBytes <= maxReplyBytes;
  }

  /** Not null once no reply is awaited any more: write what is left and close. */
  get closing(): Closing | null {
    if (this.verdict === null) return null;
    return this.replies.length === 0 || !this.verdict.flush ? this.verdict : null;
  }

  get inFlight(): number {
    return this.pending.size;
  }

  describe(now: number): ClientInfo {
    const { client } = this;
    return {
      id: this.id,
      address: client.facts.remoteAddress,
      localAddress: client.facts.localAddress,
      name: client.name,
      ageSeconds: Math.floor((now - this.openedAt) / MS_PER_SECOND),
      idleSeconds: Math.floor((now - this.lastInputAt) / MS_PER_SECOND),
      flags: this.verdict === null ? 'N' : 'c',
      queryBytes: this.reader.unparsedBytes + this.reader.partialBytes,
      outputBytes: this.replyBytes,
      inFlight: this.pending.size,
      command: client.lastCommand,
      resp: client.version,
      libName: client.libName,
      libVersion: client.libVersion,
    };
  }

  private get replyBytes(): number {
    return this.unsentBytes + this.replies.bytes;
  }

  /** Lets go what may leave, then executes as many of the requests that arrived as limits allow. */
  private advance(): void {
    this.releaseHeld();
    while (this.mayExecute()) {
      const next = this.reader.next();
      if (next === null) {
        this.noteStarved();
        return;
      }
      if (next.type === 'violation') this.violated(next);
      else this.execute(next);
    }
  }

  private mayExecute(): boolean {
    const { maxInFlight, maxInFlightBytes, maxReplyBytes } = this.environment.limits;
    return (
      this.verdict === null &&
      this.held === null &&
      this.turnBytes < TURN_REPLY_BYTES &&
      this.replies.length < maxInFlight &&
      this.inFlightBytes < maxInFlightBytes &&
      this.replyBytes <= maxReplyBytes
    );
  }

  /** Every whole request was executed. */
  private noteStarved(): void {
    if (!this.halfClosed) return;
    this.close({ reason: 'client closed', detail: 'the client closed its side', flush: true });
  }

  private violated({ text }: Violation): void {
    if (!this.client.repliesOff) this.reply(protocolError(text), this.format);
    this.close({ reason: 'protocol error', detail: text, flush: true });
  }

  private execute(request: ParsedRequest): void {
    const { client } = this;
    const found = commandOf(request);
    if (found === null && isHttp(request)) {
      const detail = 'a browser was made to speak HTTP to this port';
      this.close({ reason: 'http', detail, flush: false });
      return;
    }
    if (this.undecidedFormat && found?.introduces === true) {
      this.undecidedFormat = false;
      this.format = 'redis';
    }
    client.skipThisReply = client.skipNextReply;
    client.skipNextReply = false;
    const outcome = dispatch(request, found, client, this.environment, this.format);
    this.reader.restrict(!client.authenticated);
    this.follow(outcome, request.bytes);
  }

  private follow(outcome: CommandOutcome, bytes: number): void {
    const { client, format } = this;
    const silent = client.repliesOff || client.skipThisReply;
    switch (outcome.type) {
      case 'silence':
        return;
      case 'quit':
        if (!silent) this.reply(outcome.reply, format);
        this.close({ reason: 'quit', detail: 'the client quit', flush: true });
        return;
      case 'reply':
        this.turnBytes += replyBytes(outcome.reply);
        if (!silent) this.reply(outcome.reply, format);
        return;
      case 'store': {
        const { request, answer } = outcome;
        const token = this.pending.nextToken;
        const pending: Pending = {
          token,
          request,
          answer,
          name: client.lastCommand,
          format,
          bytes,
          version: client.version,
          silent,
          reply: null,
          replyBytes: 0,
        };
        this.pending.add(pending);
        this.replies.reserve(pending);
        this.inFlightBytes += bytes;
        this.held = pending;
        this.releaseHeld();
      }
    }
  }

  private reply(reply: Reply, format: ReplyFormat): void {
    this.replies.add(inFormat(reply, format), this.client.version);
  }

  private releaseHeld(): void {
    const { held } = this;
    if (held === null || !this.order.mayLeave(held.request, this.replyBytes)) return;
    this.held = null;
    this.order.left(held.request);
    // An array that grows begins with room for many more, and mostly there is one.
    if (this.outgoing.length === 0) this.outgoing = [held];
    else this.outgoing.push(held);
  }

  private close(verdict: Closing): void {
    this.verdict ??= verdict;
  }
}

/** `lab` knows one error only. */
function inFormat(reply: Reply, format: ReplyFormat): Reply {
  return format === 'lab' && reply.kind === 'error' ? LAB_ERROR : reply;
}
