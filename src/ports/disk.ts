/**
 * One data folder. Every method rejects with `DiskError` on failure; a method that rejected may
 * have done all, some or none of its work. Names are plain file names without a slash.
 *
 * Contract (tests/conformance/disk.ts holds every implementation to it): what `append` wrote is
 * durable only when a later `sync` of that file has resolved; a creation, rename or removal is
 * durable only when a later `syncFolder` has resolved; after a failed sync nothing about the file's
 * unsynced bytes may be assumed: they may be read for a while and are still never written, not even
 * by a later sync that succeeds. Only `refresh` writes them again. A sync that fails does so with
 * 'io', for want of room too: what it should have covered is not to be tried again.
 * Files are made with mode 0600, the folder with 0700.
 */
export interface Disk {
  /** Where the folder is, for people. */
  readonly path: string;
  list(): Promise<readonly string[]>;
  /** Makes an empty file for appending; rejects if the name exists. */
  create(name: string): Promise<DiskFile>;
  /** Opens an existing file for appending at its end. */
  open(name: string): Promise<DiskFile>;
  size(name: string): Promise<number>;
  /** Up to `length` bytes from `offset`; fewer only at the end of the file. */
  read(name: string, offset: number, length: number): Promise<Buffer>;
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /**
   * Makes the file durable from `offset` to its end just as it is read now, by writing those bytes
   * over themselves: whoever wrote them may have died before their sync, or failed in it.
   */
  refresh(name: string, offset: number): Promise<void>;
  syncFolder(): Promise<void>;
}

export interface DiskFile {
  readonly name: string;
  /** Bytes, counting what was appended. */
  readonly size: number;
  append(chunks: readonly Buffer[]): Promise<void>;
  /** fdatasync. */
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

export type DiskErrorCode = 'full' | 'missing' | 'exists' | 'io';

export class DiskError extends Error {
  override readonly name = 'DiskError';
  constructor(
    readonly code: DiskErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
