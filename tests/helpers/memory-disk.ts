/**
 * A data folder in memory that forgets what a real one may forget.
 *
 * `crash` makes of it what a power cut can leave: for every 512-byte sector that was written and
 * not synced the old bytes, the new ones, zeros or noise; any subset of the creations, renames and
 * removals since the last `syncFolder`, in their order. `kill` leaves everything as it was seen,
 * and still not durable; of a sync that failed the bytes stay to be seen, and no later sync writes
 * them. Faults are planted by operation number, so that a test can stop at each of them in turn.
 * Every promise resolves in the same microtask order on every run.
 */
import { assert } from '../../src/base/assert.js';
import type { Prng } from '../../src/base/prng.js';
import { type Disk, type DiskFile, DiskError } from '../../src/ports/disk.js';

const SECTOR_BYTES = 512;

/** One file's bytes: as they are seen, and as they are surely on the platter. */
interface Inode {
  current: Buffer;
  durable: Buffer;
  /** A sync failed: these bytes are taken for clean. */
  forgotten: boolean;
}

/** What no `syncFolder` has covered yet. */
export type FolderChange<Node> =
  | { readonly change: 'create'; readonly name: string; readonly inode: Node }
  | { readonly change: 'rename'; readonly from: string; readonly to: string }
  | { readonly change: 'remove'; readonly name: string };

export interface MemoryDiskFaults {
  /** Rejects the operation with this number (the first one is 1) with EIO, having done nothing. */
  failAt?: number;
  /** Called before each operation; throws to stop the caller there. */
  onOperation?: (number: number, what: string) => void;
  /** Bytes that all files together may hold. */
  capacity?: number;
  /** Files that there may be. */
  maxFiles?: number;
}

export class MemoryDisk implements Disk {
  readonly path: string;
  faults: MemoryDiskFaults = {};
  /** Operations so far, reads not counted. */
  operations = 0;
  syncs = 0;
  private names = new Map<string, Inode>();
  private durableNames = new Map<string, Inode>();
  private changes: FolderChange<Inode>[] = [];
  /** Handles of before a crash are dead: their process is gone. */
  private life = 0;

  constructor(path = '/memory') {
    this.path = path;
  }

  list(): Promise<readonly string[]> {
    return Promise.resolve([...this.names.keys()].sort());
  }

  async create(name: string): Promise<DiskFile> {
    await this.operation(`create ${name}`);
    if (this.names.has(name)) throw new DiskError('exists', `${name} exists`);
    if (this.names.size >= (this.faults.maxFiles ?? Infinity)) {
      throw new DiskError('full', 'no space left for a name');
    }
    const inode = { current: Buffer.alloc(0), durable: Buffer.alloc(0), forgotten: false };
    this.names.set(name, inode);
    this.changes.push({ change: 'create', name, inode });
    return this.handle(name, inode);
  }

  open(name: string): Promise<DiskFile> {
    const inode = this.names.get(name);
    if (inode === undefined) return Promise.reject(new DiskError('missing', `no ${name}`));
    return Promise.resolve(this.handle(name, inode));
  }

  size(name: string): Promise<number> {
    const inode = this.names.get(name);
    if (inode === undefined) return Promise.reject(new DiskError('missing', `no ${name}`));
    return Promise.resolve(inode.current.length);
  }

  read(name: string, offset: number, length: number): Promise<Buffer> {
    const inode = this.names.get(name);
    if (inode === undefined) return Promise.reject(new DiskError('missing', `no ${name}`));
    return Promise.resolve(Buffer.from(inode.current.subarray(offset, offset + length)));
  }

  async rename(from: string, to: string): Promise<void> {
    await this.operation(`rename ${from} ${to}`);
    const inode = this.names.get(from);
    if (inode === undefined) throw new DiskError('missing', `no ${from}`);
    this.names.delete(from);
    this.names.set(to, inode);
    this.changes.push({ change: 'rename', from, to });
  }

  async remove(name: string): Promise<void> {
    await this.operation(`remove ${name}`);
    if (!this.names.delete(name)) throw new DiskError('missing', `no ${name}`);
    this.changes.push({ change: 'remove', name });
  }

  async refresh(name: string, offset: number): Promise<void> {
    await this.operation(`refresh ${name}`);
    const inode = this.names.get(name);
    if (inode === undefined) throw new DiskError('missing', `no ${name}`);
    const before = Buffer.alloc(Math.min(offset, inode.current.length));
    inode.durable.copy(before);
    inode.durable = Buffer.concat([before, inode.current.subarray(offset)]);
    if (inode.durable.equals(inode.current)) {
      inode.durable = inode.current;
      inode.forgotten = false;
    }
  }

  async syncFolder(): Promise<void> {
    await this.operation('syncFolder');
    this.durableNames = new Map(this.names);
    this.changes = [];
  }

  /** The process dies, the machine lives: what is in its page cache may be lost later. */
  kill(): void {
    this.life += 1;
    this.faults = {};
  }

  /**
   * The machine loses power. `none`: everything unsynced is gone; `all`: everything happened to
   * reach the platter; a generator: each sector and each change by lot.
   */
  crash(keep: 'none' | 'all' | Prng): void {
    this.life += 1;
    this.faults = {};
    const inodes = new Set([...this.names.values(), ...this.durableNames.values()]);
    for (const inode of inodes) {
      const left = survivingBytes(inode, keep);
      inode.current = left;
      inode.durable = left;
      inode.forgotten = false;
    }
    const names = new Map(keep === 'all' ? this.names : this.durableNames);
    if (typeof keep !== 'string') {
      for (const change of this.changes) if (keep.chance(0.5)) applyChange(names, change);
    }
    this.names = names;
    this.durableNames = new Map(names);
    this.changes = [];
  }

  /** Changes bits of one stored byte, on the platter and in the cache. */
  flip(name: string, offset: number, mask = 1): void {
    const inode = this.names.get(name);
    assert(inode !== undefined, `there is a file ${name}`);
    for (const side of ['current', 'durable'] as const) {
      const bytes = Buffer.from(inode[side]);
      if (offset < bytes.length) bytes.writeUInt8((bytes[offset] ?? 0) ^ mask, offset);
      inode[side] = bytes;
    }
  }

  /** Puts a whole file there, synced. */
  plant(name: string, bytes: Buffer): void {
    const content = Buffer.from(bytes);
    const inode: Inode = { current: content, durable: content, forgotten: false };
    this.names.set(name, inode);
    this.durableNames.set(name, inode);
  }

  /** All files as they are now, for comparing. */
  contents(): Map<string, Buffer> {
    return new Map([...this.names].map(([name, inode]) => [name, Buffer.from(inode.current)]));
  }

  /** An independent copy, with what is not durable in it. */
  copy(): MemoryDisk {
    const copy = new MemoryDisk(this.path);
    const inodes = new Map<Inode, Inode>();
    const copied = (inode: Inode): Inode => {
      const known = inodes.get(inode) ?? { ...inode };
      inodes.set(inode, known);
      return known;
    };
    for (const [name, inode] of this.names) copy.names.set(name, copied(inode));
    for (const [name, inode] of this.durableNames) copy.durableNames.set(name, copied(inode));
    copy.changes = this.changes.map((change) =>
      change.change === 'create' ? { ...change, inode: copied(change.inode) } : change,
    );
    return copy;
  }

  /** An independent copy, everything in it synced. */
  clone(): MemoryDisk {
    const copy = new MemoryDisk(this.path);
    for (const [name, bytes] of this.contents()) copy.plant(name, bytes);
    return copy;
  }

  private get used(): number {
    return [...this.names.values()].reduce((sum, inode) => sum + inode.current.length, 0);
  }

  private async operation(what: string): Promise<void> {
    const life = this.life;
    await Promise.resolve();
    if (life !== this.life) throw new DiskError('io', 'this process is dead');
    this.operations += 1;
    this.faults.onOperation?.(this.operations, what);
    if (this.faults.failAt === this.operations) throw new DiskError('io', `planted: ${what}`);
  }

  private handle(name: string, inode: Inode): DiskFile {
    const life = this.life;
    let closed = false;
    const guarded = async (what: string): Promise<void> => {
      if (life !== this.life) throw new DiskError('io', 'this process is dead');
      assert(!closed, `${name} is open`);
      await this.operation(`${what} ${name}`);
    };
    return {
      name,
      get size() {
        return inode.current.length;
      },
      append: async (chunks) => {
        await guarded('append');
        const bytes = Buffer.concat(chunks);
        const room = (this.faults.capacity ?? Infinity) - this.used;
        const fitting = bytes.subarray(0, Math.max(0, Math.min(bytes.length, room)));
        inode.current = Buffer.concat([inode.current, fitting]);
        if (fitting.length < bytes.length) throw new DiskError('full', 'no space left');
      },
      sync: async () => {
        this.syncs += 1;
        try {
          await guarded('sync');
        } catch (error) {
          inode.forgotten = true;
          throw error;
        }
        if (!inode.forgotten) inode.durable = inode.current;
      },
      truncate: async (size) => {
        await guarded('truncate');
        inode.current = Buffer.from(inode.current.subarray(0, size));
      },
      close: () => {
        closed = true;
        return Promise.resolve();
      },
    };
  }
}

/** Does to a folder what was done to it before a power cut. */
export function applyChange<Node>(names: Map<string, Node>, change: FolderChange<Node>): void {
  if (change.change === 'create') {
    names.set(change.name, change.inode);
  } else if (change.change === 'remove') {
    names.delete(change.name);
  } else {
    const inode = names.get(change.from);
    if (inode === undefined) return;
    names.delete(change.from);
    names.set(change.to, inode);
  }
}

/** What a power cut does to a sector that was not synced. */
export type SectorFate = 'dropped' | 'kept' | 'zeroed' | 'garbled';

/** What a power cut leaves of a file, sector by sector. */
export function survivingBytes(
  { current, durable }: { readonly current: Buffer; readonly durable: Buffer },
  keep: 'none' | 'all' | Prng,
  onSector: (fate: SectorFate) => void = () => undefined,
): Buffer {
  if (keep === 'none' || current === durable) return durable;
  if (keep === 'all') return current;
  const longer = Math.max(current.length, durable.length);
  const shorter = Math.min(current.length, durable.length);
  const choices = [current.length, durable.length, shorter + keep.below(longer - shorter + 1)];
  const left = Buffer.alloc(choices[keep.below(choices.length)] ?? shorter);
  const safe = sharedLength(current, durable);
  for (let at = 0; at < left.length; at += SECTOR_BYTES) {
    const end = Math.min(at + SECTOR_BYTES, left.length);
    const old = durable.subarray(at, end);
    const fresh = current.subarray(at, end);
    if (old.equals(fresh)) {
      old.copy(left, at);
      continue;
    }
    const fate = FATES[keep.below(FATES.length)] ?? 'zeroed';
    onSector(fate);
    if (fate === 'dropped') old.copy(left, at);
    else if (fate === 'kept') fresh.copy(left, at);
    else if (fate === 'garbled') for (let i = at; i < end; i += 1) left[i] = keep.below(256);
    // Writing into a sector never harms the synced bytes that share it ("powersafe overwrite").
    if (at < safe) durable.copy(left, at, at, Math.min(end, safe));
  }
  return left;
}

const FATES: readonly SectorFate[] = [
  ...(['dropped', 'dropped', 'dropped'] as const),
  ...(['kept', 'kept', 'kept'] as const),
  'zeroed',
  'garbled',
];

/** How far both are the same from the start. */
function sharedLength(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length);
  if (a.subarray(0, length).equals(b.subarray(0, length))) return length;
  let at = 0;
  while (a[at] === b[at]) at += 1;
  return at;
}
