/**
 * Drives a coordinator machine by hand. Its participants are played by `Part`s, which answer by
 * themselves what the test has not taken over (`silent`), and remember everything they were sent.
 */
import type { Epoch, Position, View } from '../../../src/base/ids.js';
import { Prng } from '../../../src/base/prng.js';
import type { StoreReply, StoreRequest, WriteCommand } from '../../../src/base/store-request.js';
import type { CoordinatorSettings } from '../../../src/coordinator/core.js';
import { Coordinator } from '../../../src/coordinator/machine.js';
import type { Peer } from '../../../src/coordinator/peer.js';
import type { CoordinatorInput, CoordinatorReady } from '../../../src/coordinator/ready.js';
import { CoordinatorRecovery } from '../../../src/coordinator/recovery.js';
import { SILENT_TRACE } from '../../../src/ports/trace.js';
import type { Reply, Request } from '../../../src/rpc/messages.js';
import type { Status } from '../../../src/rpc/status.js';
import { proof, proofText } from '../../../src/rpc/proof.js';
import type { WalRecord } from '../../../src/wal/record.js';
import { COORDINATOR_SETTINGS } from '../../helpers/coordinator-settings.js';
import { pongOf, status, viewed } from './statuses.js';

export const SECRET = 'a secret';

export interface DriverOptions {
  readonly names?: readonly string[];
  readonly settings?: Partial<CoordinatorSettings>;
  readonly log?: readonly WalRecord[];
  readonly clusterId?: string;
  readonly generation?: number;
  readonly isCopied?: boolean;
}

/** `value` replies carry their request's id; the rest of an answer is up to the test. */
type Answer = (message: Request) => Reply | null;

export class Part {
  /** Requests that this participant leaves unanswered. */
  readonly silent = new Set<Request['type']>();
  readonly got: Request[] = [];
  status: Status;
  isUp = true;
  answer: Answer = () => null;
  data = 0;
  heart = 0;
  /** What it says of its state at this txid. */
  digestAt = (txid: number): string => `digest-${txid}`;
  private nonces = new Map<number, string>();

  constructor(
    private readonly driver: CoordinatorDriver,
    readonly name: string,
  ) {
    this.status = status(name, { empty: true, resolved: this.position(0) });
  }

  get address(): string {
    return `${this.name}:1`;
  }

  get peer(): Peer {
    const found = this.driver.machine.peers.all.find(({ address }) => address === this.address);
    if (found === undefined) throw new Error(`no peer ${this.name}`);
    return found;
  }

  private get told(): Status {
    return { ...this.status, digest: this.digestAt(this.status.resolved.txid) };
  }

  /** Of this type, on the data connection or the other one. */
  all<T extends Request['type']>(type: T): Extract<Request, { type: T }>[] {
    return this.got.filter((one): one is Extract<Request, { type: T }> => one.type === type);
  }

  last<T extends Request['type']>(type: T): Extract<Request, { type: T }> {
    const found = this.all(type).at(-1);
    if (found === undefined) throw new Error(`${this.name} got no ${type}`);
    return found;
  }

  say(message: Reply): void {
    this.driver.step({ type: 'dialReply', dial: this.data, message });
  }

  /** The process dies: its connections are reset. */
  die(): void {
    this.isUp = false;
    this.lose();
  }

  /** The connections are lost, the process is well. */
  lose(): void {
    for (const dial of [this.data, this.heart]) {
      if (dial !== 0) this.driver.step({ type: 'dialClosed', dial, reason: 'reset by peer' });
    }
  }

  /** Does not answer anything, heartbeats included. */
  hang(): void {
    for (const type of ALL_TYPES) this.silent.add(type);
  }

  wake(): void {
    this.silent.clear();
  }

  position(txid: number): Position {
    return { txid, chain: `chain-${txid}` };
  }

  handle(dial: number, message: Request): void {
    this.got.push(message);
    if (message.type === 'hello') {
      if (message.purpose === 'data') this.data = dial;
      else this.heart = dial;
    }
    if (this.silent.has(message.type)) return;
    const reply = this.answer(message) ?? this.reply(dial, message);
    if (reply !== null) this.driver.queue({ type: 'dialReply', dial, message: reply });
  }

  private reply(dial: number, message: Request): Reply | null {
    switch (message.type) {
      case 'hello': {
        this.nonces.set(dial, message.nonce);
        const { storeId, clusterId } = this.status;
        const mac = proof(SECRET, proofText('answering', message.nonce, 'w'));
        return { type: 'welcome', version: 1, clusterId, storeId, nonce: 'w', mac };
      }
      case 'prove':
        return { type: 'proved' };
      case 'inquire':
        return { type: 'status', status: this.told };
      case 'fence': {
        const { epoch, clusterId, generation, forced } = message;
        const { generation: own, empty } = this.status;
        const isVoid = this.status.overridden || (generation > own && !empty);
        const overridden = isVoid && !forced;
        this.status = { ...this.status, epoch, clusterId, generation, overridden };
        return { type: 'fenced', status: this.told };
      }
      case 'view':
        this.status = { ...this.status, view: message.view, empty: false };
        return viewed(message.view);
      default:
        return this.replyToWork(message);
    }
  }

  private replyToWork(message: Request): Reply | null {
    const { status: own } = this;
    switch (message.type) {
      case 'prepare':
        return this.vote(message.txid, 'yes');
      case 'outcome':
        return this.end(message.txid, message.commit);
      case 'piece': {
        const { stage, offset, bytes } = message;
        return { type: 'pieced', stage, have: offset + bytes.length, refusal: '' };
      }
      case 'ping':
        return this.pong(message.sequence);
      case 'catchUp': {
        const { attempt } = message;
        const position = this.position(this.driver.machine.core.outcomes.decidedTxid);
        this.status = { ...own, resolved: position, synced: position.txid, inDoubt: [] };
        const digest = this.digestAt(position.txid);
        const how = message.fresh ? 'snapshot' : 'delta';
        return { type: 'caughtUp', attempt, ok: true, reason: '', position, digest, how };
      }
      case 'read': {
        const count = message.keys.length;
        const lengths = message.op.startsWith('get') ? message.keys.map(() => 1) : [];
        const data = lengths.map(() => Buffer.from(this.name));
        return { type: 'value', id: message.id, count, lengths, data };
      }
      default:
        return null;
    }
  }

  vote(txid: number, vote: 'yes' | 'no' | 'need', reason = ''): Reply {
    const { epoch } = this.driver.machine.core;
    return { type: 'vote', epoch: epoch.number, txid, vote, reason };
  }

  end(txid: number, commit: boolean, results: readonly number[] = commit ? [1] : []): Reply {
    const position = this.position(txid);
    this.status = { ...this.status, resolved: position, synced: txid };
    const { bytes, keys } = this.status;
    const epoch = this.driver.machine.core.epoch.number;
    const digest = this.digestAt(txid);
    const facts = { results, position, digest, synced: txid, bytes, keys };
    return { type: 'done', epoch, txid, ...facts };
  }

  pong(sequence = 1, changes: object = {}): Reply {
    return { ...pongOf(this.told), sequence, ...changes };
  }
}

const ALL_TYPES = [
  ...(['hello', 'prove', 'inquire', 'fence', 'view', 'prepare'] as const),
  ...(['outcome', 'piece', 'read', 'more', 'ping', 'catchUp'] as const),
];

export class CoordinatorDriver {
  readonly machine: Coordinator;
  readonly parts: readonly Part[];
  readonly log: WalRecord[] = [];
  readonly traced: string[] = [];
  /** What was said of one participant: `ADDRESS: …`. */
  readonly blamed: string[] = [];
  readonly closed: number[] = [];
  now = 10_000;
  exit: string | null = null;
  checkpoint: CoordinatorReady['checkpoint'] = null;
  adopted: CoordinatorReady['adopt'] = null;
  /** Records become durable only when the test calls `sync`. */
  isSyncHeld = false;
  private readonly inbox: CoordinatorInput[] = [];
  private readonly byDial = new Map<number, Part>();
  private readonly replies = new Map<number, StoreReply[]>();
  private tokens = 0;
  private isPumping = false;

  constructor(options: DriverOptions = {}) {
    const names = options.names ?? ['a', 'b', 'c'];
    const recovery = new CoordinatorRecovery();
    for (const record of options.log ?? []) recovery.feed(record);
    this.parts = names.map((name) => new Part(this, name));
    this.machine = new Coordinator({
      recovered: recovery.finish(),
      settings: {
        ...COORDINATOR_SETTINGS,
        ownAddress: 'coordinator:1',
        participants: names.map((name) => `${name}:1`),
        clusterSecret: SECRET,
        ...options.settings,
      },
      storeId: 'coordinator-store',
      clusterId: options.clusterId ?? '',
      generation: options.generation ?? 0,
      isCopied: options.isCopied ?? false,
      prng: new Prng(1),
      trace: {
        ...SILENT_TRACE,
        event: (_level, message, fields = {}) => {
          this.traced.push(message);
          if ('participant' in fields) this.blamed.push(`${fields['participant']}: ${message}`);
        },
      },
      now: this.now,
    });
  }

  part(name: string): Part {
    const found = this.parts.find((part) => part.name === name);
    if (found === undefined) throw new Error(`no participant ${name}`);
    return found;
  }

  get phase(): string {
    return this.machine.core.phase;
  }

  get epoch(): Epoch {
    return this.machine.core.epoch;
  }

  /** Names of the installed view's members, or of the latest while it is not installed. */
  get members(): string {
    const { installed, latest } = this.machine.membership;
    const names = (view: View | null): string =>
      (view?.members ?? []).map(({ address }) => address.split(':')[0] ?? '').join(' ');
    const isInstalled = installed?.number === latest?.number;
    return isInstalled ? names(installed) : `(${names(latest)})`;
  }

  /** To serving, with everybody well. */
  serve(): this {
    this.run(2000);
    if (this.phase !== 'serving') throw new Error(this.machine.core.condition);
    return this;
  }

  /** Time passes, with a tick where the machine wants one. */
  run(ms: number): void {
    const end = this.now + ms;
    this.step({ type: 'tick' });
    while (this.now < end) {
      this.now = Math.min(end, Math.max(this.now + 1, this.machine.nextTimeoutAt()));
      this.step({ type: 'tick' });
    }
  }

  step(input: CoordinatorInput): void {
    this.queue(input);
    if (this.isPumping) return;
    this.isPumping = true;
    try {
      for (let next = this.inbox.shift(); next; next = this.inbox.shift()) {
        this.machine.step(next, this.now);
        if (this.inbox.length === 0) this.drain();
      }
    } finally {
      this.isPumping = false;
    }
  }

  queue(input: CoordinatorInput): void {
    this.inbox.push(input);
  }

  sync(): void {
    this.step({ type: 'synced', lsn: this.machine.core.gate.appended });
  }

  request(request: StoreRequest, session = 1, waitedMs = 0): number {
    this.tokens += 1;
    this.step({ type: 'client', client: { session, token: this.tokens }, request, waitedMs });
    return this.tokens;
  }

  write(command: WriteCommand, session = 1): number {
    return this.request({ type: 'write', command }, session);
  }

  set(key: string, value: string | Buffer = 'v', session = 1): number {
    return this.write({ op: 'set', pairs: [[key, Buffer.from(value)]] }, session);
  }

  get(session = 1, ...keys: string[]): number {
    return this.request({ type: 'read', command: { op: 'get', keys } }, session);
  }

  /** The one answer to this request, in a few words; '' while there is none. */
  told(token: number): string {
    const [reply, another] = this.replies.get(token) ?? [];
    if (another !== undefined) throw new Error(`answered twice: ${JSON.stringify(another)}`);
    if (reply === undefined) return '';
    switch (reply.type) {
      case 'count':
        return `count ${reply.count}`;
      case 'error':
        return `${reply.code} ${reply.text}`;
      case 'status':
        return reply.status;
      case 'values':
        return `values ${reply.values.map((value) => value?.toString() ?? 'null').join(' ')}`;
      default:
        return reply.type;
    }
  }

  values(token: number): Extract<StoreReply, { type: 'values' }>['values'] {
    const [reply] = this.replies.get(token) ?? [];
    return reply?.type === 'values' ? reply.values : [];
  }

  private drain(): void {
    for (let ready = this.machine.takeReady(); ready; ready = this.machine.takeReady()) {
      this.log.push(...ready.persist);
      if (ready.adopt !== null) this.adopted = ready.adopt;
      for (const { dial, message } of ready.send) this.byDial.get(dial)?.handle(dial, message);
      for (const { client, reply } of ready.reply) {
        this.replies.set(client.token, [...(this.replies.get(client.token) ?? []), reply]);
      }
      for (const { dial, address } of ready.dial) this.dial(dial, address);
      for (const dial of ready.close) {
        this.closed.push(dial);
        this.byDial.delete(dial);
      }
      if (ready.checkpoint !== null) this.checkpoint = ready.checkpoint;
      this.exit ??= ready.exit;
      const { gate } = this.machine.core;
      if (!this.isSyncHeld && gate.synced < gate.appended) {
        this.queue({ type: 'synced', lsn: gate.appended });
      }
    }
  }

  private dial(dial: number, address: string): void {
    const part = this.parts.find((candidate) => candidate.address === address);
    if (part?.isUp !== true) {
      this.queue({ type: 'dialClosed', dial, reason: 'connection refused' });
      return;
    }
    this.byDial.set(dial, part);
    this.queue({ type: 'dialOpened', dial });
  }
}
