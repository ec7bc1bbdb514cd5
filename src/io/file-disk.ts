/**
 * The Disk port on a real folder. The only file that touches the data folder's files, apart from
 * the lock.
 */
import { closeSync, constants, fdatasync, fstatSync, openSync, read, writevSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Disk, DiskError, type DiskErrorCode, type DiskFile } from '../ports/disk.js';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** One gathering write takes at most this many chunks (IOV_MAX) and about this many bytes. */
const MAX_CHUNKS = 1024;
const MAX_WRITE_BYTES = 16 * 1024 * 1024;

/** Writes up to this size are done at once. */
const WRITE_HERE_BYTES = 128 * 1024;

const CODES: Readonly<Record<string, DiskErrorCode>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  ENOENT: 'missing',
  EEXIST: 'exists',
};

const NO_CODES: typeof CODES = {};

const REFRESH_BYTES = 1024 * 1024;

/** Of a folder that we may not sync, or that nobody can. */
const NOT_OURS = new Set(['EACCES', 'EPERM', 'EROFS', 'EINVAL', 'ENOTSUP', 'ENOSYS']);

const readFrom = promisify(read);

async function translated<T>(what: string, step: Promise<T>, codes = CODES): Promise<T> {
  try {
    return await step;
  } catch (error) {
    throw translation(what, error, codes);
  }
}

function translation<E>(what: string, error: E, codes = CODES): E | DiskError {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const code = codes[String(error.code)] ?? 'io';
  return new DiskError(code, `cannot ${what}: ${error.message}`, { cause: error });
}

/**
 * Of a sync. A file system that finds only then that there is no room has lost what was written;
 * this must not pass for an append that found no room.
 */
function syncing(what: string, step: Promise<void>): Promise<void> {
  return translated(`sync ${what}`, step, NO_CODES);
}

/** Opens a folder, making it and its parents if they are missing, with their names durable. */
export async function openFileDisk(path: string): Promise<Disk> {
  await translated(`make the folder ${path}`, makeFolder(path));
  return new FileDisk(path);
}

/** Opens a folder that is there, for reading it as it is. */
export async function openExistingFileDisk(path: string): Promise<Disk> {
  await translated(`open the folder ${path}`, fs.readdir(path));
  return new FileDisk(path);
}

/**
 * What is there already may have been made by a process that died before it could make the names
 * durable, so all folders above are synced; those that are closed to us, or whose file system does
 * not sync folders, were not made by us.
 */
async function makeFolder(path: string): Promise<void> {
  const whole = resolve(path);
  const first = await fs.mkdir(whole, { recursive: true, mode: FOLDER_MODE });
  let isNew = first !== undefined;
  for (let folder = whole; ;) {
    const parent = dirname(folder);
    if (parent === folder) return;
    try {
      await syncFolder(parent);
    } catch (error) {
      if (isNew || !isNotOurs(error)) throw error;
      return;
    }
    if (folder === first) isNew = false;
    folder = parent;
  }
}

function isNotOurs(error: unknown): boolean {
  return error instanceof Error && 'code' in error && NOT_OURS.has(String(error.code));
}

async function syncFolder(path: string): Promise<void> {
  const handle = await fs.open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

class FileDisk implements Disk {
  constructor(readonly path: string) {}

  async list(): Promise<readonly string[]> {
    const names = await translated(`list ${this.path}`, fs.readdir(this.path));
    return names.sort();
  }

  async create(name: string): Promise<DiskFile> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND;
    const opened = fs.open(join(this.path, name), flags, FILE_MODE);
    return new AppendFile(name, await translated(`create ${name}`, opened), 0);
  }

  async open(name: string): Promise<DiskFile> {
    const flags = constants.O_WRONLY | constants.O_APPEND;
    const handle = await translated(`open ${name}`, fs.open(join(this.path, name), flags));
    const { size } = await translated(`look at ${name}`, handle.stat());
    return new AppendFile(name, handle, size);
  }

  async size(name: string): Promise<number> {
    return (await translated(`look at ${name}`, fs.stat(join(this.path, name)))).size;
  }

  read(name: string, offset: number, length: number): Promise<Buffer> {
    return translated(`read ${name}`, readPart(join(this.path, name), offset, length));
  }

  rename(from: string, to: string): Promise<void> {
    const renamed = fs.rename(join(this.path, from), join(this.path, to));
    return translated(`rename ${from}`, renamed);
  }

  remove(name: string): Promise<void> {
    return translated(`remove ${name}`, fs.unlink(join(this.path, name)));
  }

  syncFolder(): Promise<void> {
    return syncing(this.path, syncFolder(this.path));
  }

  /** Not through the handle of an `AppendFile`: with O_APPEND a write has no other place. */
  async refresh(name: string, offset: number): Promise<void> {
    const opened = fs.open(join(this.path, name), constants.O_RDWR);
    const handle = await translated(`open ${name}`, opened);
    try {
      await translated(`write ${name} again`, writeAgain(handle, offset));
      await syncing(name, handle.datasync());
    } finally {
      await handle.close();
    }
  }
}

async function writeAgain(handle: fs.FileHandle, offset: number): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(REFRESH_BYTES);
  for (let at = offset; ;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return;
    for (let done = 0; done < bytesRead;) {
      const { bytesWritten } = await handle.write(buffer, done, bytesRead - done, at + done);
      done += bytesWritten;
    }
    at += bytesRead;
  }
}

/**
 * Only the reading itself leaves this thread, so that it goes on while the caller is busy: the way
 * to another thread and back for each step would wait for the caller every time.
 */
async function readPart(path: string, offset: number, length: number): Promise<Buffer> {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    const wanted = Math.max(0, Math.min(length, fstatSync(fd).size - offset));
    const buffer = Buffer.allocUnsafeSlow(wanted);
    let have = 0;
    while (have < wanted) {
      const { bytesRead } = await readFrom(fd, buffer, have, wanted - have, offset + have);
      if (bytesRead === 0) break;
      have += bytesRead;
    }
    return buffer.subarray(0, have);
  } finally {
    closeSync(fd);
  }
}

class AppendFile implements DiskFile {
  constructor(
    readonly name: string,
    private readonly handle: fs.FileHandle,
    private bytes: number,
  ) {}

  get size(): number {
    return this.bytes;
  }

  async append(chunks: readonly Buffer[]): Promise<void> {
    let rest = chunks.filter((chunk) => chunk.length > 0);
    while (rest.length > 0) {
      const taken = firstWrite(rest);
      const bytesWritten = await this.write(taken);
      this.bytes += bytesWritten;
      rest = withoutFirst(rest, taken.length, bytesWritten);
    }
  }

  /**
   * A small write is a copy into the page cache, cheaper than the way to another thread and back;
   * only what waits for the device, and large copies, leave this one.
   */
  private async write(chunks: Buffer[]): Promise<number> {
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    try {
      if (bytes <= WRITE_HERE_BYTES) return writevSync(this.handle.fd, chunks);
      return (await this.handle.writev(chunks)).bytesWritten;
    } catch (error) {
      throw translation(`write to ${this.name}`, error);
    }
  }

  /** With a callback: the handle's own promise costs half as much again as the sync. */
  sync(): Promise<void> {
    const { fd } = this.handle;
    if (fd < 0)
      return Promise.reject(new DiskError('io', `cannot sync ${this.name}: it is closed`));
    return new Promise((resolve, reject) => {
      fdatasync(fd, (error) => {
        if (error === null) resolve();
        else reject(translation(`sync ${this.name}`, error, NO_CODES));
      });
    });
  }

  async truncate(size: number): Promise<void> {
    await translated(`cut ${this.name}`, this.handle.truncate(size));
    this.bytes = size;
  }

  close(): Promise<void> {
    return translated(`close ${this.name}`, this.handle.close());
  }
}

function firstWrite(chunks: readonly Buffer[]): Buffer[] {
  const taken: Buffer[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    if (taken.length === MAX_CHUNKS || bytes >= MAX_WRITE_BYTES) break;
    taken.push(chunk);
    bytes += chunk.length;
  }
  return taken;
}

/** What is left of the chunks when some bytes of the first `offered` ones were written. */
function withoutFirst(chunks: readonly Buffer[], offered: number, written: number): Buffer[] {
  let left = written;
  let index = 0;
  while (index < offered && left >= (chunks[index]?.length ?? 0)) {
    left -= chunks[index]?.length ?? 0;
    index += 1;
  }
  const rest = chunks.slice(index);
  const first = rest[0];
  return first === undefined ? [] : [first.subarray(left), ...rest.slice(1)];
}
