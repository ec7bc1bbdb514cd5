/**
 * Statuses as participants report them, from a few words.
 */
import type { Epoch, View } from '../../../src/base/ids.js';
import { type Decision, Outcomes } from '../../../src/coordinator/outcomes.js';
import type { Viewed } from '../../../src/rpc/messages.js';
import type { Status } from '../../../src/rpc/status.js';

export const epoch = (number: number, nonce = `n${number}`): Epoch => ({ number, nonce });

export function view(number: number, ...names: string[]): View {
  const members = names.map((name) => ({ storeId: `s-${name}`, address: `${name}:1` }));
  return { number, epoch: epoch(1), firstTxid: 1, members };
}

export function viewed({ number, epoch: of }: View): Viewed {
  return { type: 'viewed', number, epoch: of };
}

/** A new, empty participant unless told otherwise. `s-NAME` is its store. */
export function status(name: string, changes: Partial<Status> = {}): Status {
  return {
    storeId: `s-${name}`,
    clusterId: '',
    generation: 0,
    empty: false,
    fit: true,
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
 * `'C A 2 3'`: transaction 1 committed, 2 aborted, both of epoch 1, then in doubt under these
 * epochs, in txid order. The payload of (epoch, txid) is always the same.
 */
export function holding(name: string, words: string, changes: Partial<Status> = {}): Status {
  const list = words.split(' ').filter((word) => word !== '');
  const ended = list.filter((word) => word === 'C' || word === 'A').length;
  const aborted = list.flatMap((word, at) => (word === 'A' ? [{ epoch: 1, txid: at + 1 }] : []));
  const inDoubt = list.slice(ended).map((word, at) => {
    const txid = ended + at + 1;
    return { epoch: Number(word), txid, crc: Number(word) * 1000 + txid };
  });
  const resolved = { txid: ended, chain: `chain-${ended}` };
  const lineage = ended > 0 ? [{ epoch: 1, txid: 1 }] : [];
  return status(name, { resolved, aborted, lineage, inDoubt, synced: ended, ...changes });
}

/** A log with these outcomes from transaction 1 on: `'C A C'`. */
export function logOf(words: string, settled = 0): Outcomes {
  const outcomes = new Outcomes();
  const list = words.split(' ').filter((word) => word !== '');
  list.forEach((word, at) => {
    outcomes.add({ epoch: 1, txid: at + 1, commit: word === 'C' });
  });
  outcomes.settle(settled);
  return outcomes;
}

/** `3:2 C` is the commit of transaction 2 of epoch 3. */
export function decided(decisions: readonly Decision[]): string[] {
  return decisions.map(({ epoch: of, txid, commit }) => `${of}:${txid} ${commit ? 'C' : 'A'}`);
}
