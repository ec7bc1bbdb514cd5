/**
 * Plays both other parts of a rejoin: the coordinator that asks for it, and the donor, by hand or
 * as a participant of its own.
 */
import { crc32 } from '../../../src/base/hash.js';
import { ParticipantState } from '../../../src/participant/state.js';
import type { CaughtUp, DeltaEntry, Reply } from '../../../src/rpc/messages.js';
import { proof, proofText } from '../../../src/rpc/proof.js';
import { encodeCommands } from '../../../src/storage/commands.js';
import { CLUSTER, ParticipantDriver, SECRET, set } from './participant-driver.js';

export const DONOR = 'donor';
/** A joiner that was told to catch up, and the coordinator's link. */
export function joining(joiner = new ParticipantDriver(), fresh = false): number {
  const link = joiner.fenced();
  joiner.ask(link, catchUp(1, fresh));
  return link;
}

export function catchUp(attempt: number, fresh = false) {
  const type = 'catchUp';
  return { type, attempt, donorAddress: 'd:1', donorStoreId: DONOR, fresh } as const;
}

/** The donor's side of the handshake, played by hand. */
export function greet(joiner: ParticipantDriver, changes: object = {}): void {
  joiner.step({ type: 'donorOpened' });
  const hello = joiner.toDonor.at(-1);
  if (hello?.type !== 'hello') throw new Error('no hello');
  const mac = proof(SECRET, proofText('answering', hello.nonce, 'w'));
  const welcome = { version: 1, clusterId: CLUSTER, storeId: DONOR, nonce: 'w', mac };
  joiner.step({ type: 'donorReply', message: { type: 'welcome', ...welcome, ...changes } });
}

export function answer(joiner: ParticipantDriver, message: Reply): void {
  joiner.step({ type: 'donorReply', message });
}

export function started(joiner: ParticipantDriver, fresh = false): number {
  const link = joining(joiner, fresh);
  greet(joiner);
  answer(joiner, { type: 'proved' });
  return link;
}

export function entry(txid: number, changes: Partial<DeltaEntry> = {}): DeltaEntry {
  const bytes = encodeCommands([set(`k${txid}`, 'v')]);
  const crc = crc32(bytes);
  return { epoch: 1, txid, commit: true, length: bytes.length, crc, bytes, ...changes };
}

export function delta(entries: readonly DeltaEntry[], txid: number): Reply {
  const position = { txid, chain: '' };
  return { type: 'delta', verdict: 'entries', entries, position, digest: '' };
}

export function result(joiner: ParticipantDriver, link: number): CaughtUp {
  const replies = joiner.take(link);
  const [reply] = replies;
  if (reply?.type !== 'caughtUp' || replies.length !== 1) throw new Error(JSON.stringify(replies));
  return reply;
}

/** A donor that holds these transactions, and carries what both say until nobody says more. */
export class Donor {
  readonly driver: ParticipantDriver;
  readonly link: number;

  constructor(historyBytes = 10_000_000) {
    this.driver = new ParticipantDriver({ state: new ParticipantState(historyBytes) });
    this.link = this.driver.serving('donor');
  }

  serve(joiner: ParticipantDriver): void {
    const at = this.driver.connect();
    joiner.step({ type: 'donorOpened' });
    while (joiner.toDonor.length > 0 || joiner.installs.length > 0) {
      for (const message of joiner.toDonor.splice(0)) {
        for (const reply of this.driver.ask(at, message)) {
          const isWelcome = reply.type === 'welcome';
          answer(joiner, isWelcome ? { ...reply, storeId: DONOR } : reply);
        }
      }
      for (const step of joiner.installs.splice(0)) {
        if (step.step === 'frames') joiner.step({ type: 'framesStored', install: step.install });
        if (step.step === 'finish') joiner.step({ type: 'installed', install: step.install });
      }
    }
  }
}
