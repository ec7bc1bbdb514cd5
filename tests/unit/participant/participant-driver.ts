/**
 * Drives a participant machine by hand: requests in, replies and records out, syncs only when the
 * test says so.
 */
import { crc32 } from '../../../src/base/hash.js';
import type { Epoch, View } from '../../../src/base/ids.js';
import { Prng } from '../../../src/base/prng.js';
import type { WriteCommand } from '../../../src/base/store-request.js';
import type { ParticipantSettings } from '../../../src/participant/core.js';
import { Participant } from '../../../src/participant/machine.js';
import type {
  Checkpoint,
  InstallStep,
  ParticipantInput,
  ParticipantReady,
} from '../../../src/participant/ready.js';
import { ParticipantState } from '../../../src/participant/state.js';
import { SILENT_TRACE } from '../../../src/ports/trace.js';
import {
  type Hello,
  type Prepare,
  type Purpose,
  type Reply,
  type Request,
  PROTOCOL_VERSION,
} from '../../../src/rpc/messages.js';
import { proof, proofText } from '../../../src/rpc/proof.js';
import { encodeCommands } from '../../../src/storage/commands.js';
import type { PreparedRecord, WalRecord } from '../../../src/wal/record.js';

export const STORE = 'store-1';
export const CLUSTER = 'c'.repeat(32);
export const COORDINATOR = '10.0.0.1:8001';
export const SECRET = 'a secret';

export const epoch = (number: number, nonce = 'n'): Epoch => ({ number, nonce });

export function view(number: number, ...storeIds: string[]): View {
  const members = storeIds.map((storeId, index) => ({ storeId, address: `p${index + 1}:1` }));
  return { number, epoch: epoch(1), firstTxid: 1, members };
}

export function set(key: string, value: string | Buffer): WriteCommand {
  return { op: 'set', pairs: [[key, Buffer.from(value)]] };
}

/** The commands that most tests prepare. */
export const sv = [set('k', 'v')];

export const del = (...keys: string[]): WriteCommand => ({ op: 'del', keys });

export function prepare(txid: number, commands: readonly WriteCommand[], changes: object = {}) {
  const payload = encodeCommands(commands);
  const message: Prepare = {
    type: 'prepare',
    epoch: 1,
    view: 1,
    txid,
    payload: [payload],
    stage: '',
    length: payload.length,
    crc: crc32(payload),
  };
  return { ...message, ...changes };
}

export function preparedRecord(
  txid: number,
  commands: readonly WriteCommand[],
  epochNumber = 1,
): PreparedRecord {
  const payload = encodeCommands(commands);
  const crc = crc32(payload);
  const { length } = payload;
  return { kind: 'prepared', epoch: epochNumber, txid, view: 1, payload, stage: '', length, crc };
}

export const outcome = (txid: number, commit = true, epochNumber = 1): Request => ({
  type: 'outcome',
  epoch: epochNumber,
  txid,
  commit,
});

export interface DriverOptions {
  readonly state?: ParticipantState;
  readonly settings?: Partial<ParticipantSettings>;
  readonly clusterId?: string;
  readonly generation?: number;
  readonly trace?: (message: string) => void;
}

/** Each vote as `txid yes`, or with its reason. */
export function votes(replies: readonly Reply[]): string[] {
  return replies.map((reply) => {
    if (reply.type !== 'vote') return reply.type;
    return `${reply.txid} ${reply.vote}${reply.reason === '' ? '' : `: ${reply.reason}`}`;
  });
}

export class ParticipantDriver {
  readonly machine: Participant;
  now = 1000;
  readonly log: WalRecord[] = [];
  readonly closed: number[] = [];
  readonly installs: InstallStep[] = [];
  readonly toDonor: Request[] = [];
  readonly points: string[] = [];
  donorDial: ParticipantReady['dialDonor'] = null;
  donorCloses = 0;
  checkpoint: Checkpoint | null = null;
  adopted: ParticipantReady['adopt'] = null;
  wasUrgent = false;
  private readonly outbox = new Map<number, Reply[]>();
  private links = 0;

  constructor(options: DriverOptions = {}) {
    const { trace } = options;
    this.machine = new Participant({
      state: options.state ?? new ParticipantState(100_000),
      settings: {
        coordinatorAddress: COORDINATOR,
        clusterSecret: SECRET,
        maxMemoryBytes: 100_000_000,
        donorTimeoutMs: 1000,
        scrubIntervalMs: 500,
        ...options.settings,
      },
      storeId: STORE,
      clusterId: options.clusterId ?? CLUSTER,
      generation: options.generation ?? 0,
      prng: new Prng(1),
      trace: {
        ...SILENT_TRACE,
        point: (name) => this.points.push(name),
        event: (_level, message) => trace?.(message),
      },
      now: this.now,
    });
  }

  get state(): ParticipantState {
    return this.machine.state;
  }

  step(input: ParticipantInput): void {
    this.machine.step(input, this.now);
    this.drain();
  }

  drain(): void {
    for (let ready = this.machine.takeReady(); ready; ready = this.machine.takeReady()) {
      this.log.push(...ready.persist);
      this.wasUrgent = ready.urgent;
      this.installs.push(...ready.install);
      for (const { link, message } of ready.send) this.replies(link).push(message);
      this.closed.push(...ready.close);
      if (ready.closeDonor) this.donorCloses += 1;
      if (ready.dialDonor !== null) this.donorDial = ready.dialDonor;
      this.toDonor.push(...ready.sendDonor);
      if (ready.checkpoint !== null) this.checkpoint = ready.checkpoint;
      if (ready.adopt !== null) this.adopted = ready.adopt;
    }
  }

  sync(): void {
    this.step({ type: 'synced', lsn: this.machine.core.gate.appended });
  }

  /** Promises from this record on find no room. */
  fillDisk(from = this.machine.core.gate.synced + 1): void {
    this.step({ type: 'diskFull', from });
  }

  tick(afterMs: number): void {
    this.now += afterMs;
    this.step({ type: 'tick' });
  }

  /** What was sent to this link and not taken yet. */
  take(link: number): Reply[] {
    return this.replies(link).splice(0);
  }

  ask(link: number, message: Request): Reply[] {
    this.step({ type: 'request', link, message });
    return this.take(link);
  }

  askSynced(link: number, message: Request): Reply[] {
    this.step({ type: 'request', link, message });
    this.sync();
    return this.take(link);
  }

  connect(): number {
    this.links += 1;
    this.step({ type: 'linkOpened', link: this.links });
    return this.links;
  }

  /** A connection that has proved to know the secret. */
  open(purpose: Purpose = 'data', changes: Partial<Hello> = {}): number {
    const link = this.connect();
    const [welcome] = this.ask(link, hello({ purpose, ...changes }));
    if (welcome?.type !== 'welcome') throw new Error(`answered ${JSON.stringify(welcome)}`);
    const mac = proof(SECRET, proofText('asking', 'nonce', welcome.nonce));
    const [proved] = this.ask(link, { type: 'prove', mac });
    if (proved?.type !== 'proved') throw new Error(`answered ${JSON.stringify(proved)}`);
    return link;
  }

  /** A coordinator's data connection whose epoch is promised and synced. */
  fenced(number = 1, nonce = 'n'): number {
    const link = this.open();
    this.askSynced(link, fence(epoch(number, nonce)));
    return link;
  }

  /** The same, and a view with this participant (and others) in it. */
  serving(...others: string[]): number {
    const link = this.fenced();
    this.askSynced(link, { type: 'view', view: view(1, STORE, ...others) });
    return link;
  }

  /** Prepares and commits these commands, all synced. */
  commit(link: number, txid: number, commands: readonly WriteCommand[]): Reply[] {
    this.askSynced(link, prepare(txid, commands));
    return this.askSynced(link, outcome(txid));
  }

  private replies(link: number): Reply[] {
    const known = this.outbox.get(link);
    if (known !== undefined) return known;
    const fresh: Reply[] = [];
    this.outbox.set(link, fresh);
    return fresh;
  }
}

export function hello(changes: Partial<Hello> = {}): Hello {
  return {
    type: 'hello',
    version: PROTOCOL_VERSION,
    purpose: 'data',
    clusterId: CLUSTER,
    storeId: 'peer-store',
    dialled: 'p1:1',
    coordinator: COORDINATOR,
    nonce: 'nonce',
    ...changes,
  };
}

export function fence(of: Epoch, changes: object = {}): Request {
  return {
    type: 'fence',
    epoch: of,
    clusterId: CLUSTER,
    generation: 0,
    forced: false,
    expected: null,
    ...changes,
  };
}

/** `type` of each, or for refusals `refused CODE`. */
export function kinds(replies: readonly Reply[]): string[] {
  return replies.map((reply) => (reply.type === 'refused' ? `refused ${reply.code}` : reply.type));
}
