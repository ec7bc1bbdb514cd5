/** A role's data folder at its start: who has it, what is set aside, what the operator is told. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ServeOptions } from '../../../src/cli.js';
import { type Config, loadConfigText } from '../../../src/config/config.js';
import {
  type Note,
  openTakenFolder,
  refusal,
  takeFolder,
  type TakenFolder,
} from '../../../src/io/role-folder.js';
import { StartRefusedError } from '../../../src/io/running-role.js';
import { machineFacts } from '../../../src/io/machine.js';
import { DiskError } from '../../../src/ports/disk.js';
import { FolderError, RotError } from '../../../src/wal/errors.js';

describe("a role's data folder", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kv2pc-folder-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function config(role: Config['role']): Config {
    const text = `mode ${role}\ncoordinator_info 127.0.0.1:8001\nparticipant_info 127.0.0.1:8002\n`;
    return loadConfigText(text, join(folder, 'kv.conf'), machineFacts());
  }

  function options(flags: { setAside?: boolean; yes?: boolean } = {}): ServeOptions {
    const { setAside = false, yes = false } = flags;
    return { action: 'serve', configPath: '', forceView: null, setAside, yes };
  }

  const notes: Note[] = [];
  function take(role: Config['role'], chosen: ServeOptions): Promise<TakenFolder> {
    notes.length = 0;
    return takeFolder(config(role), chosen, notes);
  }

  const told = (): string[] => notes.map(({ message }) => message);

  async function refused(promise: Promise<unknown>): Promise<StartRefusedError> {
    const error: unknown = await promise.catch((reason: unknown) => reason);
    if (error instanceof StartRefusedError) return error;
    throw new Error(`not refused: ${String(error)}`);
  }

  it('is refused while another holder lives, and is free after it', async () => {
    const taken = await take('participant', options());
    const error = await refused(take('participant', options()));
    expect(error.code).to.equal('folder_locked');
    expect(error.message).to.include(join(folder, 'data')).and.to.include('stop that process');
    await taken.lock.release();
    await (await take('participant', options())).lock.release();
  });

  it('of a participant is set aside on request, with everything in it', async () => {
    const first = await take('participant', options());
    const { storeId } = (await openTakenFolder(config('participant'), first)).identity;
    await first.lock.release();
    const second = await take('participant', options({ setAside: true }));
    expect(told()).to.deep.equal(['the data folder was set aside']);
    expect((await openTakenFolder(config('participant'), second)).fresh).to.equal(true);
    await second.lock.release();
    const [aside] = readdirSync(join(folder, 'data')).filter((name) => name.includes('set-aside'));
    expect(readdirSync(join(folder, 'data', aside ?? ''))).to.include('meta.0');
    expect(storeId).to.match(/^[0-9a-f]{32}$/);
  });

  it('is not set aside under a living holder', async () => {
    const taken = await take('participant', options());
    const error = await refused(take('participant', options({ setAside: true })));
    expect(error.code).to.equal('folder_locked');
    await taken.lock.release();
  });

  it('of a coordinator is set aside only by somebody who was told what that means', async () => {
    const { dataFolder } = config('coordinator');
    await (await take('coordinator', options())).lock.release();
    writeFileSync(join(dataFolder, 'mark'), '');
    const error = await refused(take('coordinator', options({ setAside: true })));
    expect(error.message).to.include('--yes').and.to.include(dataFolder);
    expect(existsSync(join(dataFolder, 'mark'))).to.equal(true);
    const flags = { setAside: true, yes: true };
    await (await take('coordinator', options(flags))).lock.release();
    expect(existsSync(join(dataFolder, 'mark'))).to.equal(false);
  });

  const refusals: readonly [Error, readonly string[]][] = [
    [new RotError('/d', '1.log', 77, 'bad'), ['/d/1.log', '77', 'bad', '--set_aside']],
    [new FolderError('wrong-role', 'it is another’s'), ['it is another’s', 'data_dir']],
    [new FolderError('newer-format', 'from later'), ['from later', 'release']],
    [new DiskError('io', 'no permission'), ['no permission']],
  ];
  for (const [error, words] of refusals) {
    it(`says what is wrong and what to do: ${error.message}`, () => {
      const said = refusal(error, 'participant');
      expect(said).to.be.instanceOf(StartRefusedError);
      for (const word of words) expect(String(said)).to.include(word);
    });
  }

  it('passes on what is a fault of this program', () => {
    const fault = new TypeError('undefined is not a function');
    expect(refusal(fault, 'participant')).to.equal(fault);
  });
});
