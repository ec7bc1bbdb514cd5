/**
 * Statuses as participants report them, from a few words.
 */
import type { Epoch, View } from '../../../src/base/ids.js';
import { type Lineage, extended } from '../../../src/base/lineage.js';
import { type Decision, Outcomes } from '../../../src/coordinator/outcomes.js';
import type { Pong, Viewed } from '../../../src/rpc/messages.js';
import type { Status } from '../../../src/rpc/status.js';

export const epoch = (number: number, nonce = `n${number}`): Epoch => ({ number, nonce });

export function view(number: number, ...names: string[]): View {
  const members = names.map((name) => ({ storeId: `s-${name}`, address: `${name}:1` }));
  return { number, epoch: epoch(1), firstTxid: 1, members };
}

export function viewed({ number, epoch: of }: View): Viewed {
  return { type: 'viewed', number, epoch: of };
}

/** What a participant of this status answers a heartbeat. */
export function pongOf(of: Status): Pong {
  const { epoch: promised, generation, synced, fit, digest, bytes, keys } = of;
  const held = { generation, synced, fit, digest, bytes, keys };
  const viewNumber = of.view?.number ?? 0;
  const place = { epoch: promised, viewNumber, position: of.resolved };
  return { type: 'pong', sequence: 1, ...place, ...held, progress: 1 };
}

/** A new, empty participant unless told otherwise. `s-NAME` is its store. */
export function status(name: string, changes: Partial<Status> = {}): Status {
  return {
    storeId: `s-${name}`,
    clusterId: '',
    generation: 0,
    empty: false,
    fit: true,
    overridden: false,
    epoch: epoch(0, ''),
    view: null,
    resolved: { txid: 0, chain: '' },
    digest: '',
    synced: 0,
    inDoubt: [],
    aborted: [],
    lineage: [],
    tailFrom: 0,
    heardMsAgo: -1,
    heardEpoch: epoch(0, ''),
    bytes: 0,
    keys: 0,
    ...changes,
  };
}

/**
 * `'C A2 2 3'`: transaction 1 committed, 2 aborted, of epochs 1 and 2, then in doubt under these
 * epochs, in txid order. The payload of (epoch, txid) is always the same.
 */
export function holding(name: string, words: string, changes: Partial<Status> = {}): Status {
  const list = words.split(' ').filter((word) => word !== '');
  const ends = endsOf(words);
  const inDoubt = list.slice(ends.length).map((word, at) => {
    const txid = ends.length + at + 1;
    return { epoch: Number(word), txid, crc: Number(word) * 1000 + txid };
  });
  const resolved = { txid: ends.length, chain: `chain-${ends.length}` };
  const aborted = ends
    .filter(({ commit }) => !commit)
    .map(({ epoch: of, txid }) => ({ epoch: of, txid }));
  const lineage = ends.reduce<Lineage>((all, end) => extended(all, end.epoch, end.txid), []);
  return status(name, { resolved, aborted, lineage, inDoubt, synced: ends.length, ...changes });
}

/** What has ended by these words; epoch 1 goes without saying. */
export function endsOf(words: string): Decision[] {
  return words
    .split(' ')
    .filter((word) => /^[CA]/.test(word))
    .map((word, at) => {
      return { epoch: Number(word.slice(1) || 1), txid: at + 1, commit: word.startsWith('C') };
    });
}

/** A log with these outcomes from transaction 1 on: `'C A C'`. */
export function logOf(words: string, settled = 0): Outcomes {
  const outcomes = new Outcomes();
  for (const end of endsOf(words)) outcomes.add(end);
  outcomes.settle(settled);
  return outcomes;
}

/** `3:2 C` is the commit of transaction 2 of epoch 3. */
export function decided(decisions: readonly Decision[]): string[] {
  return decisions.map(({ epoch: of, txid, commit }) => `${of}:${txid} ${commit ? 'C' : 'A'}`);
}
