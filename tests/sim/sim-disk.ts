/**
 * A data folder on a disk in virtual time, seen by one process at a time.
 *
 * Every operation takes time, is an effect at which the process may die, and may fail. A power cut
 * leaves of each unsynced sector the old bytes, the new ones, zeros or noise, and any subset of the
 * creations, renames and removals since the last `syncFolder`; a kill leaves everything as it was
 * seen, synced or not. What a sync covers is what had been written when it was called. A sync that
 * fails leaves the bytes to be seen, and a later sync does not write them again, as Linux does it.
 */
import type { Prng } from '../../src/base/prng.js';
import { type Disk, type DiskFile, DiskError } from '../../src/ports/disk.js';
import { RESERVE_FILE } from '../../src/wal/names.js';
import { applyChange, type FolderChange, survivingBytes } from '../helpers/memory-disk.js';
import type { Marks } from './marks.js';
import { lostNames } from './power-cut.js';
import type { World } from './world.js';

/** Content up to `length`; bytes before `length` are never changed in place. */
interface Content {
  readonly buffer: Buffer;
  readonly length: number;
}

interface Inode {
  seen: Content;
  durable: Content;
  /** A sync failed: these bytes are taken for clean, and never written by a later one. */
  forgotten: boolean;
}

/** The process that uses the disk. */
export interface DiskUser {
  readonly life: number;
  effect(life: number): boolean;
  gate(life: number, action: () => void): void;
}

export type FailingOperation = 'append' | 'sync' | 'create' | 'rename' | 'truncate';

/** Room that a file gets ahead of what is written, at most. */
const GROWTH_BYTES = 1 << 16;

const NOTHING: Content = { buffer: Buffer.alloc(0), length: 0 };

export class SimDisk {
  /** Where the folder is, as a process tells a copy. */
  origin = 'here';
  syncMs = 0.3;
  /** Bytes that all files together may hold. */
  capacity = Infinity;
  /** How the next operation of this kind ends. */
  failing: FailingOperation | null = null;
  /** A disk that claims a sync which it has not done: for showing that the checks see it. */
  lies = false;
  syncs = 0;
  wasWiped = false;
  private names = new Map<string, Inode>();
  private durableNames = new Map<string, Inode>();
  private changes: FolderChange<Inode>[] = [];

  constructor(
    private readonly user: DiskUser,
    private readonly world: World,
    private readonly marks: Marks,
  ) {}

  /** The port as the present life of the process sees it. */
  open(): Disk {
    const { life } = this.user;
    return {
      path: '/sim',
      list: () => this.operation(life, 'list', 0.01, () => [...this.names.keys()].sort()),
      size: (name) => this.operation(life, 'size', 0.01, () => this.inode(name).seen.length),
      read: (name, offset, length) =>
        this.operation(life, 'read', 0.05, () => {
          const { buffer, length: all } = this.inode(name).seen;
          return Buffer.from(buffer.subarray(offset, Math.min(offset + length, all)));
        }),
      create: (name) => this.operation(life, 'create', 0.05, () => this.create(life, name)),
      open: (name) =>
        this.operation(life, 'open', 0.02, () => this.handle(life, name, this.inode(name))),
      rename: (from, to) => this.operation(life, 'rename', 0.05, () => this.rename(from, to)),
      remove: (name) => this.operation(life, 'remove', 0.05, () => this.remove(name)),
      refresh: (name, offset) =>
        this.operation(life, 'fsync', this.syncMs, () => {
          this.refresh(this.inode(name), offset);
        }),
      syncFolder: () =>
        this.operation(life, 'sync', this.syncMs, () => {
          if (this.lies) return;
          this.durableNames = new Map(this.names);
          this.changes = [];
        }),
    };
  }

  /** The process is gone; with `powerCut` so is what no sync had covered. */
  crash(kind: 'killed' | 'powerCut'): void {
    this.failing = null;
    if (kind === 'killed') return;
    const { prng } = this.world;
    const keep = prng.chance(0.3) ? 'none' : prng;
    for (const inode of new Set([...this.names.values(), ...this.durableNames.values()])) {
      const content = this.surviving(inode, keep);
      inode.seen = content;
      inode.durable = content;
      inode.forgotten = false;
    }
    const names = new Map(this.durableNames);
    if (keep !== 'none') {
      for (const change of this.changes) if (prng.chance(0.5)) applyChange(names, change);
    }
    for (const loss of lostNames(this.names, names)) this.marks.hit(`power cut: ${loss}`);
    this.names = names;
    this.durableNames = new Map(names);
    this.changes = [];
  }

  wipe(): void {
    this.wasWiped = true;
    this.names.clear();
    this.durableNames.clear();
    this.changes = [];
  }

  /** Changes one bit of a stored file for good; false if there is no such byte. */
  flip(name: string, offset: number, bit: number): boolean {
    const inode = this.names.get(name);
    if (inode === undefined || offset >= inode.seen.length) return false;
    const buffer = Buffer.from(inode.seen.buffer.subarray(0, inode.seen.length));
    buffer.writeUInt8(buffer.readUInt8(offset) ^ (1 << bit), offset);
    inode.seen = { buffer, length: buffer.length };
    inode.durable = inode.seen;
    return true;
  }

  /** The last bytes of a file become noise although they had been synced. */
  garble(name: string, bytes: number): void {
    const inode = this.names.get(name);
    if (inode === undefined) return;
    const { length } = inode.seen;
    const buffer = Buffer.from(inode.seen.buffer.subarray(0, length));
    for (let at = Math.max(0, length - bytes); at < length; at += 1) {
      buffer[at] = 1 + this.world.prng.below(255);
    }
    inode.seen = { buffer, length };
    inode.durable = inode.seen;
  }

  fileNames(): string[] {
    return [...this.names.keys()].sort();
  }

  sizeOf(name: string): number {
    return this.names.get(name)?.seen.length ?? 0;
  }

  get used(): number {
    let sum = 0;
    for (const { seen } of this.names.values()) sum += seen.length;
    return sum;
  }

  /** A copy of the folder as it would be found after a power cut that keeps nothing else. */
  save(): ReadonlyMap<string, Buffer> {
    const saved = new Map<string, Buffer>();
    for (const [name, { durable }] of this.durableNames) {
      saved.set(name, Buffer.from(durable.buffer.subarray(0, durable.length)));
    }
    return saved;
  }

  /** The folder as a process would read it now, without the file that only takes room. */
  content(): Map<string, Buffer> {
    const content = new Map<string, Buffer>();
    for (const [name, { seen }] of this.names) {
      if (name !== RESERVE_FILE) content.set(name, seen.buffer.subarray(0, seen.length));
    }
    return content;
  }

  restore(saved: ReadonlyMap<string, Buffer>): void {
    this.wipe();
    for (const [name, buffer] of saved) {
      const content = { buffer, length: buffer.length };
      const inode = { seen: content, durable: content, forgotten: false };
      this.names.set(name, inode);
      this.durableNames.set(name, inode);
    }
  }

  private inode(name: string): Inode {
    const inode = this.names.get(name);
    if (inode === undefined) throw new DiskError('missing', `no ${name}`);
    return inode;
  }

  private create(life: number, name: string): DiskFile {
    if (this.names.has(name)) throw new DiskError('exists', `${name} exists`);
    const inode: Inode = { seen: NOTHING, durable: NOTHING, forgotten: false };
    this.names.set(name, inode);
    this.changes.push({ change: 'create', name, inode });
    return this.handle(life, name, inode);
  }

  private rename(from: string, to: string): void {
    const inode = this.inode(from);
    this.names.delete(from);
    this.names.set(to, inode);
    this.changes.push({ change: 'rename', from, to });
  }

  private remove(name: string): void {
    this.inode(name);
    this.names.delete(name);
    this.changes.push({ change: 'remove', name });
  }

  /**
   * Takes its time, then happens, then tells: the process may die before it happens, and again
   * before it hears of it.
   */
  private operation<T>(life: number, kind: string, ms: number, act: () => T): Promise<T> {
    if (!this.user.effect(life)) return never();
    this.world.isStirred = true;
    return new Promise((resolve, reject) => {
      this.world.after(ms * (0.5 + this.world.prng.next() / 2 ** 32), () => {
        if (life !== this.user.life) return;
        let told: () => void;
        try {
          const result = this.attempt(kind, act);
          told = () => {
            this.world.isStirred = true;
            resolve(result);
          };
        } catch (error) {
          told = () => {
            this.world.isStirred = true;
            reject(error instanceof Error ? error : new Error(String(error)));
          };
        }
        this.user.gate(life, told);
      });
    });
  }

  /** Who is told that a name or a length could not be changed does not know whether it was. */
  private attempt<T>(kind: string, act: () => T): T {
    if (this.failing !== kind) return act();
    this.strike(`a ${kind === 'sync' ? 'folder sync' : kind} failed`);
    if (kind !== 'sync' && this.world.prng.chance(0.5)) act();
    throw new DiskError('io', `planted: ${kind} failed`);
  }

  private strike(harm: string): void {
    this.failing = null;
    this.marks.hit(`struck: ${harm}`);
  }

  private handle(life: number, name: string, inode: Inode): DiskFile {
    return {
      name,
      get size() {
        return inode.seen.length;
      },
      append: (chunks) => {
        const [only] = chunks;
        const bytes = chunks.length === 1 && only ? only : Buffer.concat(chunks);
        return this.operation(life, 'write', 0.02, () => {
          this.append(inode, bytes);
        });
      },
      sync: () => {
        const { seen } = inode;
        this.syncs += 1;
        return this.operation(life, 'fsync', this.syncMs, () => {
          this.syncFile(inode, seen);
        });
      },
      truncate: (size) =>
        this.operation(life, 'truncate', 0.03, () => {
          const length = Math.min(size, inode.seen.length);
          inode.seen = { buffer: Buffer.from(inode.seen.buffer.subarray(0, length)), length };
        }),
      close: () => Promise.resolve(),
    };
  }

  /** A failed write has written a part. */
  private append(inode: Inode, bytes: Buffer): void {
    const isFailing = this.failing === 'append';
    const room = isFailing
      ? this.world.prng.below(bytes.length + 1)
      : Math.max(0, this.capacity - this.used);
    inode.seen = extended(inode.seen, bytes.subarray(0, Math.min(room, bytes.length)));
    if (isFailing) {
      this.strike('a write failed');
      throw new DiskError('io', 'planted: a write failed half way');
    }
    if (room < bytes.length) {
      this.marks.hit('struck: a write met a full disk');
      throw new DiskError('full', 'no space left');
    }
  }

  /** Written again from `offset` on: what stands before is as durable as it was. */
  private refresh(inode: Inode, offset: number): void {
    if (this.failing === 'sync') {
      this.strike('a sync at a start failed');
      throw new DiskError('io', 'planted: a sync failed');
    }
    if (this.lies) return;
    const { seen, durable } = inode;
    const buffer = Buffer.from(seen.buffer.subarray(0, seen.length));
    const known = durable.buffer.subarray(0, Math.min(durable.length, offset));
    const isWhole = known.equals(buffer.subarray(0, offset));
    buffer.fill(0, 0, offset);
    known.copy(buffer);
    inode.durable = isWhole ? seen : { buffer, length: buffer.length };
    if (isWhole) inode.forgotten = false;
  }

  private syncFile(inode: Inode, seen: Content): void {
    if (this.failing === 'sync') {
      this.strike('a sync failed');
      inode.forgotten = true;
      throw new DiskError('io', 'planted: a sync failed');
    }
    if (!this.lies && !inode.forgotten) inode.durable = seen;
  }

  private surviving({ seen, durable }: Inode, keep: 'none' | Prng): Content {
    if (seen === durable) return seen;
    if (keep === 'none') this.marks.hit('power cut: all that was not synced was dropped');
    const left = survivingBytes(
      {
        current: seen.buffer.subarray(0, seen.length),
        durable: durable.buffer.subarray(0, durable.length),
      },
      keep,
      (fate) => {
        this.marks.hit(`power cut: a sector was ${fate}`);
      },
    );
    // Nobody shares the spare room behind a content that a crash has left.
    const buffer = Buffer.from(left);
    return { buffer, length: buffer.length };
  }
}

/** The bytes are written behind what is there, in place as long as nobody else has done so. */
function extended({ buffer, length }: Content, bytes: Buffer): Content {
  const end = length + bytes.length;
  // What is large is kept as it came: nobody changes it any more.
  if (length === 0 && bytes.length > GROWTH_BYTES) return { buffer: bytes, length: end };
  let target = buffer;
  if (end > buffer.length) {
    target = Buffer.allocUnsafeSlow(Math.max(end, Math.min(2 * end, end + GROWTH_BYTES)));
    buffer.copy(target, 0, 0, length);
  }
  bytes.copy(target, length);
  return { buffer: target, length: end };
}

/** One of its own for each dead process: who waits for a promise is kept as long as that is. */
function never(): Promise<never> {
  return new Promise(() => undefined);
}
