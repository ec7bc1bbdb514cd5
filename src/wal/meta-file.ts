/**
 * The small file that says whose a data folder is, and the newest epoch and view that it promised.
 *
 * Kept twice, in two slots that are written in turn: one damaged slot, by rot or by a crash in the
 * middle of a write, leaves the other. A slot is one line (magic, format version, sequence number,
 * CRC-32 of all that follows the CRC and of version and sequence) and a JSON text; the first line
 * keeps its form in all versions. The valid slot with the higher sequence number counts.
 * Invariants: a `write` that resolved is found again; writes never overlap; the slot that a write
 * replaces is never the only durable one, hence `refresh` comes before the first write.
 */
import { assert } from '../base/assert.js';
import { crc32 } from '../base/hash.js';
import type { Epoch, TxId, View } from '../base/ids.js';
import type { Disk, DiskFile } from '../ports/disk.js';
import { FolderError, RotError } from './errors.js';
import { META_SLOTS } from './names.js';
import type { FolderIdentity } from './record.js';

const MAGIC = 'KV2PCMETA';
const META_VERSION = 1;

/** A view of 64 members takes about 8 KiB. */
const MAX_META_BYTES = 1024 * 1024;

export interface Meta {
  readonly identity: FolderIdentity;
  readonly epoch: Epoch | null;
  readonly view: View | null;
  /** Where the folder lies, as its user describes it: another place means a copy. */
  readonly origin: string;
  /** A fence of a later generation has made all that is here count as nothing. */
  readonly overridden?: boolean;
  /**
   * Not 0: a start has found that the log may lack records from this transaction on, and has not
   * yet said so in the log itself.
   */
  readonly tailFrom?: TxId;
}

interface Slot {
  readonly sequence: number;
  readonly meta: Meta;
}

export function encodeMeta(meta: Meta, sequence: number): Buffer {
  const json = JSON.stringify(meta);
  const text = `${META_VERSION} ${sequence} ${json}`;
  return Buffer.from(`${MAGIC} ${META_VERSION} ${sequence} ${hex(crc32(text))}\n${json}`);
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}

/** Null for damaged bytes; throws FolderError for a later version. */
function decodeMeta(path: string, bytes: Buffer): Slot | null {
  const text = bytes.toString('utf8');
  const match = /^KV2PCMETA (\d{1,9}) (\d{1,15}) ([0-9a-f]{8})\n/.exec(text);
  if (match === null) return null;
  const [line, version = '', sequence = '', crc = ''] = match;
  const json = text.slice(line.length);
  if (hex(crc32(`${version} ${sequence} ${json}`)) !== crc) return null;
  if (Number(version) > META_VERSION) {
    const message = `${path} is written by a later release (format ${version})`;
    throw new FolderError('newer-format', message);
  }
  // Its checksum holds, so this is what `encodeMeta` was given.
  return { sequence: Number(sequence), meta: JSON.parse(json) as Meta };
}

export class MetaFile {
  private writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly disk: Disk,
    private sequence: number,
    private meta: Meta,
  ) {}

  /**
   * Null when no slot was ever completed. Two damaged slots beside other files are rot; alone they
   * are a first start that was cut short.
   */
  static async load(disk: Disk, folderIsUsed: boolean): Promise<MetaFile | null> {
    const names = await disk.list();
    let newest: Slot | null = null;
    for (const name of META_SLOTS) {
      if (!names.includes(name)) continue;
      const bytes = await disk.read(name, 0, MAX_META_BYTES);
      const slot = decodeMeta(`${disk.path}/${name}`, bytes);
      if (slot !== null && slot.sequence > (newest?.sequence ?? 0)) newest = slot;
    }
    if (newest !== null) return new MetaFile(disk, newest.sequence, newest.meta);
    if (!folderIsUsed) return null;
    throw new RotError(disk.path, META_SLOTS[0], 0, 'both copies of the meta file are unusable');
  }

  /** Both slots are durable when it resolves. */
  static async create(disk: Disk, meta: Meta): Promise<MetaFile> {
    const file = new MetaFile(disk, 0, meta);
    await file.write({});
    await file.write({});
    return file;
  }

  /**
   * Whoever wrote the newest slot may have died before it was durable. To be called before anything
   * is said or written that relies on it. The other slot was durable before that one was begun.
   */
  async refresh(): Promise<void> {
    await this.disk.refresh(this.slot(this.sequence), 0);
  }

  get current(): Meta {
    return this.meta;
  }

  /** Resolves once the changed meta is durable. */
  write(changes: Partial<Meta>): Promise<void> {
    const written = this.writing.then(() => this.writeSlot({ ...this.meta, ...changes }));
    this.writing = written.catch(() => undefined);
    return written;
  }

  private async writeSlot(meta: Meta): Promise<void> {
    const sequence = this.sequence + 1;
    const bytes = encodeMeta(meta, sequence);
    assert(bytes.length <= MAX_META_BYTES, 'the meta file is small');
    const name = this.slot(sequence);
    const exists = (await this.disk.list()).includes(name);
    const file = exists ? await this.disk.open(name) : await this.disk.create(name);
    await replaceContent(file, bytes);
    if (!exists) await this.disk.syncFolder();
    this.sequence = sequence;
    this.meta = meta;
  }

  private slot(sequence: number): string {
    return META_SLOTS[sequence % 2] ?? META_SLOTS[0];
  }
}

async function replaceContent(file: DiskFile, bytes: Buffer): Promise<void> {
  try {
    if (file.size > 0) await file.truncate(0);
    await file.append([bytes]);
    await file.sync();
  } finally {
    await file.close();
  }
}
