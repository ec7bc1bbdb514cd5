/**
 * A coordinator, and a donor, that know the secret and are broken: what they say begins as the
 * protocol wants it and then has wrong numbers, wrong order, wrong content. Drives a participant
 * and checks after every step that all it hands out can be written and sent.
 */
import { expect } from 'chai';
import { crc32 } from '../../src/base/hash.js';
import type { Epoch } from '../../src/base/ids.js';
import type { Prng } from '../../src/base/prng.js';
import { snapshotHeader } from '../../src/participant/checkpoint.js';
import { ParticipantRecovery } from '../../src/participant/recovery.js';
import { encodeReply, encodeRequest } from '../../src/rpc/codec.js';
import type { DeltaEntry, Purpose, Reply, Request } from '../../src/rpc/messages.js';
import { proof, proofText } from '../../src/rpc/proof.js';
import { encodeCommands } from '../../src/storage/commands.js';
import { snapshotFrames } from '../../src/storage/snapshot.js';
import { encodeRecord } from '../../src/wal/codec.js';
import { encodeSegmentHeader } from '../../src/wal/segment-header.js';
import {
  CLUSTER,
  del,
  epoch,
  fence,
  ParticipantDriver,
  preparedRecord,
  SECRET,
  set,
  STORE,
  view,
} from '../unit/participant/participant-driver.js';
import { pick } from './fuzz.js';
import { arrivedReply, arrivedRequest, perturbed, sampleRequests } from './peer-messages.js';

const DONOR = 'donor-store';
const MAX_MEMORY_BYTES = 5_000_000;
const LONGEST_OUTBOX = 1000;

export class BrokenCoordinator {
  readonly driver: ParticipantDriver;
  private readonly links: number[] = [];
  private seen = { records: 0, closed: 0, installs: 0, toDonor: 0, dials: 0 };
  private donorIsOpen = false;
  private installed = false;

  /** `wrongness`: how many of its messages are changed. */
  constructor(
    private readonly prng: Prng,
    private readonly wrongness: number,
  ) {
    const settings = { maxMemoryBytes: MAX_MEMORY_BYTES };
    this.driver = new ParticipantDriver({ settings, clusterId: pick(prng, [CLUSTER, '']) });
  }

  play(steps: number): void {
    for (let step = 0; step < steps; step += 1) {
      this.step();
      this.check();
    }
    this.driver.sync();
    this.check();
    this.checkLog();
  }

  private step(): void {
    const { driver, prng } = this;
    const lot = prng.below(20);
    if (lot < 2 || this.links.length === 0) this.connect();
    else if (lot < 5) driver.sync();
    else if (lot < 6) driver.tick(prng.below(1500));
    else if (lot < 11) this.donate();
    else this.say(pick(prng, this.links), this.message());
  }

  private connect(): void {
    const { driver, prng } = this;
    if (this.links.length > 6) return;
    const purposes: readonly Purpose[] = ['data', 'data', 'heartbeat', 'catchup'];
    const link = driver.open(pick(prng, purposes), { clusterId: '' });
    this.links.push(link);
    if (prng.chance(0.8)) this.say(link, fence(this.epoch()));
  }

  /** Mostly the promised one. */
  private epoch(): Epoch {
    const { number, nonce } = this.driver.state.epoch;
    if (number > 0 && this.prng.chance(0.9)) return { number, nonce };
    return epoch(number + this.prng.below(3), pick(this.prng, ['n', nonce]));
  }

  private say(link: number, message: Request): void {
    const changed = this.prng.chance(this.wrongness) ? perturbed(this.prng, message) : message;
    const arrived = arrivedRequest(changed);
    if (arrived !== null) this.driver.step({ type: 'request', link, message: arrived });
  }

  private message(): Request {
    const { prng } = this;
    const { state } = this.driver;
    const resolved = state.resolved.txid;
    const next = state.lastPrepared + 1;
    const of = state.inDoubt[0]?.record.epoch ?? state.epoch.number;
    switch (prng.below(16)) {
      case 0:
        return fence(this.epoch());
      case 1:
        return { type: 'view', view: view((state.view?.number ?? 0) + 1, STORE, DONOR) };
      case 2:
      case 3:
      case 4:
      case 5:
        // Seldom to one that it has told to catch up, or no donor would get to its end.
        return this.isCatchingUp && prng.chance(0.7) ? { type: 'inquire' } : this.prepare(next);
      case 6:
      case 7:
      case 8:
        return { type: 'outcome', epoch: of, txid: resolved + 1, commit: prng.chance(0.8) };
      case 9:
        return this.piece();
      case 10:
        return { type: 'read', id: prng.below(5), view: 1, op: 'get', keys: ['k0', 'k1', 'big'] };
      case 11:
        return { type: 'more', id: prng.below(5), offset: prng.below(2) * 524_288 };
      case 12: {
        const fresh = prng.chance(0.5);
        const donor = { donorAddress: 'p2:1', donorStoreId: DONOR, fresh };
        return { type: 'catchUp', attempt: prng.below(9), ...donor };
      }
      case 13:
        return { type: 'fetch', epoch: state.epoch, position: state.resolved, offset: 0 };
      case 14:
        return pick(prng, [
          { type: 'fetchSnapshot', epoch: state.epoch },
          { type: 'fetchFrames', id: `${STORE}-${prng.below(3)}`, sequence: prng.below(3) },
          { type: 'sound', txid: resolved },
          { type: 'inquire' },
          { type: 'ping', sequence: 1, epoch: state.epoch },
        ]);
      default:
        return pick(prng, sampleRequests(prng, 3));
    }
  }

  private get isCatchingUp(): boolean {
    return this.driver.donorDial !== null;
  }

  private commands() {
    const { prng } = this;
    if (prng.chance(0.1)) return [set('big', Buffer.alloc(600_000, 'b'))];
    return [set(`k${prng.below(3)}`, `v${prng.next()}`), del(`k${prng.below(9)}`)];
  }

  private prepare(txid: number): Request {
    const { state } = this.driver;
    const [stage] = [...state.stages.all()];
    const { epoch: of } = state;
    const numbers = { epoch: of.number, view: state.view?.number ?? 0, txid };
    if (stage !== undefined && this.prng.chance(0.5)) {
      const { name, have, crc } = stage;
      return { type: 'prepare', ...numbers, payload: [], stage: name, length: have, crc };
    }
    const payload = encodeCommands(this.commands());
    const facts = { stage: '', length: payload.length, crc: crc32(payload) };
    return { type: 'prepare', ...numbers, payload: [payload], ...facts };
  }

  private piece(): Request {
    const { state } = this.driver;
    const [stage] = [...state.stages.all()];
    const bytes = encodeCommands(this.commands());
    if (stage !== undefined && this.prng.chance(0.5)) {
      const { name, have, payload } = stage;
      const total = payload.length;
      return { type: 'piece', stage: name, offset: have, total, bytes: bytes.subarray(0, 50) };
    }
    const total = pick(this.prng, [
      bytes.length,
      bytes.length,
      0,
      MAX_MEMORY_BYTES - 1000,
      2 ** 40,
    ]);
    return { type: 'piece', stage: `s${this.prng.below(99)}`, offset: 0, total, bytes };
  }

  /** What a donor sends, in its turn or out of it. */
  private donate(): void {
    const { driver, prng } = this;
    if (driver.donorDial === null) return;
    if (!this.donorIsOpen) {
      this.donorIsOpen = true;
      driver.step({ type: 'donorOpened' });
      return;
    }
    if (prng.chance(0.05)) {
      driver.step({ type: 'donorClosed', reason: 'reset' });
      return;
    }
    const last = driver.toDonor.at(-1);
    const answer = last === undefined ? null : this.answerTo(last);
    if (answer === null) return;
    const changed = prng.chance(this.wrongness) ? perturbed(prng, answer) : answer;
    const arrived = arrivedReply(changed);
    if (arrived !== null) driver.step({ type: 'donorReply', message: arrived });
    this.store();
  }

  private answerTo(asked: Request): Reply | null {
    const { state } = this.driver;
    switch (asked.type) {
      case 'hello': {
        const mac = proof(SECRET, proofText('answering', asked.nonce, 'w'));
        const { clusterId } = asked;
        return { type: 'welcome', version: 1, clusterId, storeId: DONOR, nonce: 'w', mac };
      }
      case 'prove':
        return { type: 'proved' };
      case 'fetch': {
        const entries = Array.from({ length: this.prng.below(3) }, (_, at) => this.entry(at));
        const txid = state.resolved.txid + entries.length;
        const position = { txid, chain: state.resolved.chain };
        const verdict = entries.length > 0 ? 'entries' : 'upToDate';
        return { type: 'delta', verdict, entries, position, digest: '' };
      }
      case 'fetchSnapshot':
        return { type: 'snapshot', id: 'donor-1', reason: '', bytes: 1000 };
      case 'fetchFrames': {
        const { id, sequence } = asked;
        const frames = this.frames();
        const last = this.prng.chance(0.8);
        return { type: 'frames', id, sequence: last ? 0 : sequence, last, frames };
      }
      default:
        return null;
    }
  }

  private entry(at: number): DeltaEntry {
    const { state } = this.driver;
    const payload = encodeCommands(this.commands());
    const { length } = payload;
    const txid = state.resolved.txid + 1 + at;
    const commit = this.prng.chance(0.8);
    const numbers = { epoch: state.epoch.number, txid, commit };
    if (!commit) return { ...numbers, length: 0, crc: 0, bytes: Buffer.alloc(0) };
    return { ...numbers, length, crc: crc32(payload), bytes: payload };
  }

  /** A whole snapshot of a store that is further than this one. */
  private frames(): Buffer[] {
    const recovery = new ParticipantRecovery(1000);
    for (let txid = 1; txid <= 4; txid += 1) {
      recovery.feed(preparedRecord(txid, this.commands()));
      recovery.feed({ kind: 'commit', epoch: 1, txid });
    }
    const { state } = recovery;
    const snapshot = state.table.beginSnapshot();
    const frames = [...snapshotFrames(snapshot, snapshotHeader(state))];
    snapshot.close();
    return frames;
  }

  /** The disk does what it was asked for; now and then it has no room. */
  private store(): void {
    const { driver, prng } = this;
    for (; this.seen.installs < driver.installs.length; this.seen.installs += 1) {
      const step = driver.installs[this.seen.installs];
      if (step === undefined) return;
      const { install } = step;
      if (prng.chance(0.05)) driver.step({ type: 'installFailed', install, reason: 'no room' });
      else if (step.step === 'frames') driver.step({ type: 'framesStored', install });
      else if (step.step === 'finish') {
        for (const record of step.preamble) encodeRecord(record, PLACE);
        this.installed = true;
        driver.step({ type: 'installed', install });
      }
    }
  }

  private check(): void {
    const { driver, seen } = this;
    for (const record of driver.log.slice(seen.records)) encodeRecord(record, PLACE);
    seen.records = driver.log.length;
    for (const message of driver.toDonor.slice(seen.toDonor)) encodeRequest(message);
    seen.toDonor = driver.toDonor.length;
    if (driver.donorCloses > seen.dials) {
      this.donorIsOpen = false;
      driver.donorDial = null;
    }
    seen.dials = driver.donorCloses;
    if (driver.adopted !== null) {
      const facts = { role: 'participant', storeId: STORE, segment: 1, previousBytes: 0 } as const;
      encodeSegmentHeader({ ...driver.adopted, ...facts });
    }
    for (const link of [...this.links]) {
      const replies = driver.take(link);
      expect(replies.length, 'replies to one step').to.be.at.most(LONGEST_OUTBOX);
      for (const reply of replies) encodeReply(reply);
    }
    this.forgetClosed();
    const { stages, table, inDoubt } = driver.state;
    const held = inDoubt.reduce((sum, { payload }) => sum + payload.length, stages.bytes);
    expect(held + table.bytes, 'memory').to.be.at.most(2 * MAX_MEMORY_BYTES);
  }

  private forgetClosed(): void {
    const { driver, seen } = this;
    for (; seen.closed < driver.closed.length; seen.closed += 1) {
      const link = driver.closed[seen.closed];
      const at = link === undefined ? -1 : this.links.indexOf(link);
      if (link === undefined || at < 0) continue;
      this.links.splice(at, 1);
      driver.step({ type: 'linkClosed', link });
    }
  }

  /** What was logged brings back exactly what is held. */
  private checkLog(): void {
    const { driver } = this;
    if (this.installed || driver.state.installing) return;
    const recovery = new ParticipantRecovery(100_000);
    for (const record of driver.log) recovery.feed(record);
    const again = recovery.state;
    expect(again.resolved).to.deep.equal(driver.state.resolved);
    expect(again.table.digest()).to.equal(driver.state.table.digest());
    expect(again.epoch).to.deep.equal(driver.state.epoch);
    expect(again.lastPrepared).to.equal(driver.state.lastPrepared);
  }
}

const PLACE = { salt: 0, offset: 96, beginsFlush: true, endsFlush: true };
