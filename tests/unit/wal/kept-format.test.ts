/**
 * Folders that were written by the first release, kept as they were: every later one must read
 * them. `tests/fixtures/format-1.json` is never written again; a new format gets a file of its own.
 */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MemoryDisk } from '../../helpers/memory-disk.js';
import { PROJECT_ROOT } from '../../helpers/project-root.js';
import { OPTIONS, replay, tableWith } from './log-fixture.js';
import { commit, epoch, oneOfEach, prepared, state, view } from './records.js';

type Folders = Record<'participant' | 'coordinator', Record<string, string[]>>;

function keptFolder(role: keyof Folders): MemoryDisk {
  const path = join(PROJECT_ROOT, 'tests/fixtures/format-1.json');
  const folders = JSON.parse(readFileSync(path, 'utf8')) as Folders;
  const disk = new MemoryDisk();
  for (const [name, lines] of Object.entries(folders[role])) {
    disk.plant(name, Buffer.from(lines.join(''), 'hex'));
  }
  return disk;
}

describe('wal: format 1', () => {
  it('a participant folder is read as it was written', async () => {
    const { folder, outcome, records, snapshot } = await replay(keptFolder('participant'));
    expect(folder.identity).to.deep.equal({
      role: 'participant',
      storeId: '11111111222222223333333344444444',
      clusterId: 'aaaaaaaabbbbbbbbccccccccdddddddd',
      generation: 1,
    });
    const { header: written, table } = tableWith(['alpha', 'beta', '\xff\x00'], 1);
    const header = { ...written, lineage: [{ epoch: 3, txid: 1 }] };
    // The memory that the pairs were taken to need by then; nothing follows from it.
    expect(snapshot?.header).to.deep.equal({ ...header, bytes: 650 });
    expect(snapshot?.table.digest()).to.equal(table.digest());
    const later = oneOfEach().filter(({ kind }) => kind !== 'state' && kind !== 'reset');
    expect(records).to.deep.equal([epoch(3), view(2), ...later, prepared(9)]);
    expect(outcome.tail).to.equal(null);
    expect(folder.epochHint).to.deep.equal({ number: 3, nonce: 'nonce3' });
  });

  it('a coordinator folder is read as it was written, and goes on', async () => {
    const disk = keptFolder('coordinator');
    const options = { ...OPTIONS, role: 'coordinator' as const };
    const { folder, records } = await replay(disk, options);
    const written = [
      { ...state(7), lineage: [] },
      epoch(2),
      view(2),
      commit(8),
      { kind: 'abort', epoch: 3, txid: 9 },
      { kind: 'commitDone', epoch: 3, txid: 9 },
    ];
    expect(records).to.deep.equal(written);
    const log = await folder.start();
    log.append(commit(10));
    await log.flush();
    expect((await replay(disk, options)).records).to.deep.equal([...written, commit(10)]);
  });
});
