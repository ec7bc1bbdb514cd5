/**
 * Keeps a second process out of a data folder, for as long as the first one lives and no longer.
 *
 * The lock is the kernel's, on the open file `LOCK` (docs/decisions/0003-folder-lock.md says why):
 * it is seen through every name of the file and from every namespace, and goes with its process,
 * however that ends. What is written in the file is for the error message only and decides nothing,
 * so it may be stale. The file is never removed: two processes must never lock two files. A folder
 * may be renamed with its file, so a lock counts only if its file is still the folder's.
 */
import { fstatSync, ftruncateSync, statSync, writeSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { createRequire } from 'node:module';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type * as Native from 'fs-native-extensions';
import { LOCK_FILE } from '../wal/names.js';

const FILE_MODE = 0o600;

/** More than any description; what somebody else put into the file is not shown at length. */
const MAX_DESCRIPTION_BYTES = 300;

const REPLACING = 'a process that has just put another folder in its place';

/** The binding is CommonJS whose exports cannot be seen without running it. */
const native = createRequire(import.meta.url)('fs-native-extensions') as typeof Native;

/** Another live process has the folder. */
export class FolderLockedError extends Error {
  override readonly name = 'FolderLockedError';
  readonly code = 'folder-locked';
  constructor(
    readonly folder: string,
    /** As the holder describes itself, or ''. */
    readonly holder: string,
  ) {
    super(`the data folder ${folder} is in use${holder === '' ? '' : ` by ${holder}`}`);
  }
}

export interface FolderLock {
  release(): Promise<void>;
}

/** Takes the lock of an existing folder or rejects with FolderLockedError; never waits. */
export async function lockFolder(folder: string, role: string): Promise<FolderLock> {
  return lockOpened(await openLockFile(folder), folder, role);
}

async function openLockFile(folder: string): Promise<fs.FileHandle> {
  const flags = fs.constants.O_RDWR | fs.constants.O_CREAT;
  try {
    return await fs.open(join(folder, LOCK_FILE), flags, FILE_MODE);
  } catch (error) {
    // The folder was there a moment ago: another process has set it aside.
    const isGone = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw isGone ? new FolderLockedError(folder, REPLACING) : error;
  }
}

/**
 * Between the opening of the file and its locking another process may have set the folder aside:
 * then the lock is on a file that is no longer the folder's, and keeps nobody out.
 */
export async function lockOpened(
  handle: fs.FileHandle,
  folder: string,
  role: string,
): Promise<FolderLock> {
  try {
    if (!native.tryLock(handle.fd)) throw new FolderLockedError(folder, await holderOf(handle));
    // In the turn that took the lock: who comes a moment later should read who was first.
    if (!isStillOf(folder, handle.fd)) throw new FolderLockedError(folder, REPLACING);
    describe(handle.fd, role);
  } catch (error) {
    await handle.close();
    throw error;
  }
  // Closing is what releases the lock; the handle is kept from the collector until then.
  return { release: () => handle.close() };
}

function isStillOf(folder: string, fd: number): boolean {
  const locked = fstatSync(fd, { bigint: true });
  const named = statSync(join(folder, LOCK_FILE), { bigint: true, throwIfNoEntry: false });
  return named !== undefined && named.dev === locked.dev && named.ino === locked.ino;
}

function describe(fd: number, role: string): void {
  const started = new Date().toISOString();
  const text = `the ${role} with process id ${process.pid} on ${hostname()}, started ${started}\n`;
  try {
    ftruncateSync(fd, writeSync(fd, text, 0));
  } catch {
    // A disk without room for a line: the lock holds all the same, and nobody reads who has it.
  }
}

async function holderOf(handle: fs.FileHandle): Promise<string> {
  const buffer = Buffer.alloc(MAX_DESCRIPTION_BYTES);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
  const line = buffer.toString('utf8', 0, bytesRead).split('\n')[0] ?? '';
  return line.replace(/\p{Cc}/gu, '');
}
