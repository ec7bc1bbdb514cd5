/**
 * The data folder of a role at its start: taken by this process alone, set aside if the operator
 * wants that, and every way in which it can be unusable said in one line that ends with what to do.
 */
import { rename, stat } from 'node:fs/promises';
import type { ServeOptions } from '../cli.js';
import type { Config, Role } from '../config/config.js';
import { type Disk, DiskError } from '../ports/disk.js';
import type { TraceFields, TraceLevel } from '../ports/trace.js';
import { ContradictionError, FolderError, LogFailedError, RotError } from '../wal/errors.js';
import type { OpenedFolder } from '../wal/folder.js';
import { openFileDisk } from './file-disk.js';
import { type FolderLock, FolderLockedError, lockFolder } from './folder-lock.js';
import { originOf } from './machine-origin.js';
import { StartRefusedError } from './running-role.js';
import { newStoreId } from './system-random.js';

export interface TakenFolder {
  readonly disk: Disk;
  readonly lock: FolderLock;
  readonly origin: string;
}

/** To be told whatever becomes of the start. */
export interface Note {
  readonly level: TraceLevel;
  readonly message: string;
  readonly fields: TraceFields;
}

/**
 * From here on no other process can use the folder. Reads nothing of what it holds. `notes` gets
 * what becomes of --set_aside.
 */
export async function takeFolder(
  config: Config,
  options: ServeOptions,
  notes: Note[],
): Promise<TakenFolder> {
  const { dataFolder, role } = config;
  if (role === 'participant' && options.forceView !== null) {
    const text = '--force_view goes with the configuration of a coordinator';
    throw new StartRefusedError('wrong_role', text);
  }
  try {
    if (options.setAside) notes.push(await setAside(config, options));
    const disk = await openFileDisk(dataFolder);
    const lock = await lockFolder(dataFolder, role);
    return { disk, lock, origin: await originOf(dataFolder) };
  } catch (error) {
    throw refusal(error, role);
  }
}

export async function openTakenFolder(config: Config, taken: TakenFolder): Promise<OpenedFolder> {
  const { openFolder } = await import('../wal/folder.js');
  const { role, segmentBytes, segmentRecords } = config;
  const { disk, origin } = taken;
  return openFolder(disk, { role, newStoreId, origin, segmentBytes, segmentRecords });
}

/** Renames the folder, so that the start finds none. */
async function setAside(config: Config, options: ServeOptions): Promise<Note> {
  const { dataFolder, role } = config;
  if (role === 'coordinator' && !options.yes) {
    const text =
      `--set_aside would take its log from the coordinator (${dataFolder}): it would then need an ` +
      'answer from every participant of the last view before it serves; add --yes if that is wanted';
    throw new StartRefusedError('needs_yes', text);
  }
  if (!(await exists(dataFolder))) {
    const message = 'there is no data folder to set aside';
    return { level: 'info', message, fields: { folder: dataFolder } };
  }
  const lock = await lockFolder(dataFolder, role);
  const time = new Date().toISOString().replace(/[-:]/g, '').replace(/\..*$/, '');
  const target = `${dataFolder}.set-aside-${time}`;
  if (await exists(target)) {
    await lock.release();
    throw new StartRefusedError('folder_exists', `${target} exists already: try again`);
  }
  await rename(dataFolder, target);
  await lock.release();
  return { level: 'warn', message: 'the data folder was set aside', fields: { folder: target } };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** What the operator is told; an error that is no operating error is passed on. */
export function refusal(error: unknown, role: Role): unknown {
  if (error instanceof FolderLockedError) {
    const text = `${error.message}: stop that process first, or set another data_dir for this one`;
    return new StartRefusedError('folder_locked', text, { cause: error });
  }
  if (error instanceof RotError || error instanceof ContradictionError) {
    const text = `${error.message}; ${wayOut(role)}`;
    return new StartRefusedError(error.code, text, { cause: error });
  }
  if (error instanceof FolderError) {
    const text = `${error.message}: ${FOLDER_HINTS[error.code]}`;
    return new StartRefusedError(error.code, text, { cause: error });
  }
  if (error instanceof DiskError || error instanceof LogFailedError) {
    return new StartRefusedError('folder_unusable', error.message, { cause: error });
  }
  return error;
}

const FOLDER_HINTS: Readonly<Record<FolderError['code'], string>> = {
  'wrong-role': 'set another data_dir, or move that folder away',
  foreign: 'set another data_dir, or move that folder away',
  'newer-format': 'run that release or a later one',
};

function wayOut(role: Role): string {
  return role === 'participant'
    ? 'start it once with --set_aside: the folder is renamed, and the participant is filled again from the others'
    : 'start it once with --set_aside --yes: the folder is renamed, and every participant of the last view is asked';
}
