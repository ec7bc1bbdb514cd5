/**
 * Folders that the program of release 0.1.0 wrote in a real cluster: this build reads every record
 * of them, comes to the same keys and the same digest, and goes on writing. Their `reserve` files
 * are not kept, so opening also shows that a missing one is made again.
 */
import { cpSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { CoordinatorRecovery } from '../../../src/coordinator/recovery.js';
import { openFileDisk } from '../../../src/io/file-disk.js';
import { ParticipantRecovery } from '../../../src/participant/recovery.js';
import type { ParticipantState } from '../../../src/participant/state.js';
import { Table } from '../../../src/storage/table.js';
import { dumpFolder } from '../../../src/wal/dump.js';
import { RESERVE_BYTES } from '../../../src/wal/reserve.js';
import { PROJECT_ROOT } from '../../helpers/project-root.js';
import { allPairsOf } from '../../helpers/told-pairs.js';
import { OPTIONS, replay, type Replayed } from './log-fixture.js';

const KEPT = join(PROJECT_ROOT, 'tests/fixtures/data-0.1.0');
const CLUSTER_ID = 'a3171fd1c2265f7c396ffaaa0ad2c7c5';
const COORDINATOR = 'cab2de1de73153935f9b1f7adaf7b562';
const PARTICIPANT = 'b12b0936ed73ebaed1581d5fc1bfae32';
const OTHER = '19a32db7afe95e3b6a5d9149ccd0ba7b';
const FIRST_EPOCH = { number: 1, nonce: '9ea25d4fc74952bb' };
const SECOND_EPOCH = { number: 2, nonce: 'ca8d716bc93233b3' };
const SURVIVOR = { storeId: PARTICIPANT, address: '127.0.0.1:17818' };
const FIRST_VIEW = {
  number: 1,
  epoch: FIRST_EPOCH,
  firstTxid: 1,
  members: [SURVIVOR, { storeId: OTHER, address: '127.0.0.1:20686' }],
};
const LAST_VIEW = { number: 2, epoch: SECOND_EPOCH, firstTxid: 30, members: [SURVIVOR] };
const SNAPSHOT_DIGEST = 'd1b5f2c91961403d';
const LAST_DIGEST = 'e4b9f9ccf011af8b';
const LAST_CHAIN = '4c2d2cb315b42b078eae54c0b9d867e6';

type Role = 'coordinator' | 'participant';

/** What the clients of that cluster had written, whole. */
function expectedTable(): Table {
  const table = new Table();
  const set = (key: string, value: string): void => {
    table.set(key, Buffer.from(value));
  };
  for (let n = 3; n <= 24; n += 1) set(`fruit:${n}`, n === 3 ? 'changed' : `value ${n}`);
  set('empty', '');
  set('words', 'Cloud Computing');
  set('alone', 'yes');
  return table;
}

function contentOf(table: Table): [string, string][] {
  const snapshot = table.beginSnapshot();
  const pairs = allPairsOf(snapshot).map(([key, value]): [string, string] => [
    key,
    value.toString(),
  ]);
  snapshot.close();
  return pairs.sort(([a], [b]) => (a < b ? -1 : 1));
}

function participantState({ snapshot, records }: Replayed): ParticipantState {
  const recovery = new ParticipantRecovery(1 << 20);
  if (snapshot !== null) recovery.snapshot(snapshot.header, snapshot.table);
  for (const record of records) recovery.feed(record);
  return recovery.finish(false);
}

function kindsOf({ records }: Replayed): string[] {
  return [...new Set(records.map(({ kind }) => kind))];
}

describe('wal: folders of release 0.1.0', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kv2pc-kept-'));
    cpSync(KEPT, folder, { recursive: true });
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  async function read(role: Role): Promise<Replayed> {
    return replay(await openFileDisk(join(folder, role)), { ...OPTIONS, role });
  }

  it('tell whose they are and what was promised in them', async () => {
    for (const [role, storeId] of [
      ['coordinator', COORDINATOR],
      ['participant', PARTICIPANT],
    ] as const) {
      const { folder: opened, outcome } = await read(role);
      const identity = { role, storeId, clusterId: CLUSTER_ID, generation: 0 };
      expect(opened.identity).to.deep.equal(identity);
      expect(opened.epochHint).to.deep.equal(SECOND_EPOCH);
      expect(opened.viewHint).to.deep.equal(LAST_VIEW);
      expect(opened.isCopy).to.equal(true);
      expect(outcome.tail).to.equal(null);
    }
  });

  it('give a participant its keys, its values and its digest', async () => {
    const replayed = await read('participant');
    expect(replayed.snapshot?.header).to.include({ epoch: 1, txid: 19, digest: SNAPSHOT_DIGEST });
    expect(replayed.snapshot?.table.digest()).to.equal(SNAPSHOT_DIGEST);
    expect(replayed.records).to.have.length(24);
    expect(kindsOf(replayed)).to.deep.equal(['epoch', 'view', 'prepared', 'commit', 'abort']);
    const state = participantState(replayed);
    expect(contentOf(state.table)).to.deep.equal(contentOf(expectedTable()));
    expect(state.table.digest()).to.equal(LAST_DIGEST);
    expect(state.table.digest()).to.equal(expectedTable().digest());
    expect(state.resolved).to.deep.equal({ txid: 29, chain: LAST_CHAIN });
    expect(state.inDoubt).to.deep.equal([]);
    expect(state.aborted).to.deep.equal([{ epoch: 1, txid: 27 }]);
    expect(state.view).to.deep.equal(LAST_VIEW);
  });

  it('give a coordinator its outcomes, views and epochs', async () => {
    const replayed = await read('coordinator');
    const commits = Array.from({ length: 26 }, (_, n) => ({
      kind: 'commit',
      epoch: 1,
      txid: n + 1,
    }));
    expect(replayed.records).to.deep.equal([
      { kind: 'epoch', epoch: FIRST_EPOCH },
      { kind: 'view', view: FIRST_VIEW },
      ...commits,
      { kind: 'epoch', epoch: SECOND_EPOCH },
      { kind: 'abort', epoch: 1, txid: 27 },
      { kind: 'commit', epoch: 2, txid: 28 },
      { kind: 'view', view: LAST_VIEW },
      { kind: 'commit', epoch: 2, txid: 29 },
    ]);
    const recovery = new CoordinatorRecovery();
    for (const record of replayed.records) recovery.feed(record);
    const { epochs, view, outcomes } = recovery.finish();
    expect(epochs).to.deep.equal([FIRST_EPOCH, SECOND_EPOCH]);
    expect(view).to.deep.equal(LAST_VIEW);
    expect(outcomes.decidedTxid).to.equal(29);
    expect(outcomes.get(27)?.commit).to.equal(false);
  });

  for (const role of ['coordinator', 'participant'] as const) {
    it(`take new records in a ${role}'s folder, and get the missing reserve back`, async () => {
      const before = await read(role);
      const log = await before.folder.start();
      const record = { kind: 'epoch', epoch: { number: 3, nonce: 'new' } } as const;
      log.append(record);
      await log.flush();
      await log.close();
      expect(statSync(join(folder, role, 'reserve')).size).to.equal(RESERVE_BYTES);
      const after = await read(role);
      expect(after.records).to.deep.equal([...before.records, record]);
      expect(after.snapshot?.header).to.deep.equal(before.snapshot?.header);
    });

    it(`are printed without damage by --dump_log, a ${role}'s`, async () => {
      const disk = await openFileDisk(join(folder, role));
      const kinds: unknown[] = [];
      for await (const line of dumpFolder(disk, { json: true })) {
        kinds.push((JSON.parse(line) as { kind: unknown }).kind);
      }
      expect(kinds).to.include('commit').and.not.include('damage');
    });
  }
});
