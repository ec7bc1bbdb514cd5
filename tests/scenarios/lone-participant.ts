/**
 * A participant driven by hand, message by message, for what an honest coordinator over honest
 * links never sends: gaps, repetitions, what belongs to yesterday. Its log is synced when told.
 */
import { crc32 } from '../../src/base/hash.js';
import type { View } from '../../src/base/ids.js';
import { Prng } from '../../src/base/prng.js';
import type { WriteCommand } from '../../src/base/store-request.js';
import { Participant } from '../../src/participant/machine.js';
import { ParticipantRecovery } from '../../src/participant/recovery.js';
import { SILENT_TRACE } from '../../src/ports/trace.js';
import {
  type Prepare,
  type Reply,
  type Request,
  PROTOCOL_VERSION,
} from '../../src/rpc/messages.js';
import { proof, proofText } from '../../src/rpc/proof.js';
import { encodeCommandsParts } from '../../src/storage/commands.js';
import type { WalRecord } from '../../src/wal/record.js';

const SECRET = 'secret';
const CLUSTER = 'cluster';

export class LoneParticipant {
  /** What a restart would find. */
  readonly durable: WalRecord[] = [];
  private unsynced: WalRecord[] = [];
  private lsn = 0;
  private links = 0;
  private readonly replies = new Map<number, Reply[]>();
  private machine = this.boot();

  /** A power cut: what was not synced is gone. */
  restart(): void {
    this.unsynced = [];
    this.lsn = 0;
    this.replies.clear();
    this.machine = this.boot();
  }

  get state(): Participant['state'] {
    return this.machine.state;
  }

  /** A proved data connection. */
  connect(): number {
    this.links += 1;
    const link = this.links;
    this.machine.step({ type: 'linkOpened', link }, 0);
    const nonce = `nonce ${link}`;
    const [welcome] = this.ask(link, {
      type: 'hello',
      version: PROTOCOL_VERSION,
      purpose: 'data',
      clusterId: CLUSTER,
      storeId: 'coordinator',
      dialled: 'p1:1',
      coordinator: 'c:1',
      nonce,
    });
    if (welcome?.type !== 'welcome') throw new Error('not welcome');
    this.ask(link, {
      type: 'prove',
      mac: proof(SECRET, proofText('asking', nonce, welcome.nonce)),
    });
    return link;
  }

  /** A fenced data connection of this epoch, with a view of this one member. */
  lead(epoch: number, viewNumber = 1): number {
    const link = this.connect();
    this.tell(link, fence(epoch));
    this.tell(link, { type: 'view', view: this.view(epoch, viewNumber) });
    return link;
  }

  view(epoch: number, number: number): View {
    const members = [{ storeId: 'store', address: 'p1:1' }];
    return { number, epoch: { number: epoch, nonce: `e${epoch}` }, firstTxid: 1, members };
  }

  /** The answers that come without a sync. */
  ask(link: number, message: Request): Reply[] {
    this.machine.step({ type: 'request', link, message }, 0);
    return this.drain(link);
  }

  /** The answers after everything was synced. */
  tell(link: number, message: Request): Reply[] {
    return [...this.ask(link, message), ...this.sync(link)];
  }

  sync(link: number): Reply[] {
    this.durable.push(...this.unsynced);
    this.unsynced = [];
    this.machine.step({ type: 'synced', lsn: this.lsn }, 0);
    return this.drain(link);
  }

  private drain(link: number): Reply[] {
    for (let ready = this.machine.takeReady(); ready !== null; ready = this.machine.takeReady()) {
      this.unsynced.push(...ready.persist);
      this.lsn += ready.persist.length;
      for (const { link: to, message } of ready.send) {
        this.replies.set(to, [...(this.replies.get(to) ?? []), message]);
      }
    }
    const replies = this.replies.get(link) ?? [];
    this.replies.delete(link);
    return replies;
  }

  private boot(): Participant {
    const recovery = new ParticipantRecovery(100_000);
    for (const record of this.durable) recovery.feed(record);
    return new Participant({
      state: recovery.finish(false),
      settings: {
        coordinatorAddress: 'c:1',
        clusterSecret: SECRET,
        maxMemoryBytes: 1e6,
        donorTimeoutMs: 1000,
        scrubIntervalMs: 1e9,
      },
      storeId: 'store',
      clusterId: CLUSTER,
      generation: 0,
      prng: new Prng(1),
      trace: SILENT_TRACE,
      now: 0,
    });
  }
}

export function fence(epoch: number): Request {
  const id = { number: epoch, nonce: `e${epoch}` };
  return {
    type: 'fence',
    epoch: id,
    clusterId: CLUSTER,
    generation: 0,
    forced: false,
    expected: null,
  };
}

export function prepareSet(epoch: number, txid: number, value: string, view = 1): Prepare {
  return prepareOf(epoch, txid, { op: 'set', pairs: [['k', Buffer.from(value)]] }, view);
}

export function prepareDel(epoch: number, txid: number): Prepare {
  return prepareOf(epoch, txid, { op: 'del', keys: ['k'] }, 1);
}

function prepareOf(epoch: number, txid: number, command: WriteCommand, view: number): Prepare {
  const payload = encodeCommandsParts([command]);
  const length = payload.reduce((sum, part) => sum + part.length, 0);
  const crc = payload.reduce((sum, part) => crc32(part, sum), 0);
  return { type: 'prepare', epoch, view, txid, payload, stage: '', length, crc };
}

export function outcome(epoch: number, txid: number, commit: boolean): Request {
  return { type: 'outcome', epoch, txid, commit };
}
