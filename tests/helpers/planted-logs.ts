/**
 * Logs of stopped roles that are sound to the last byte and still cannot be used: one that
 * contradicts itself, and one that a later release seems to have written. Each function says which
 * file a start will name.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from '../../src/base/hash.js';
import { openFileDisk } from '../../src/io/file-disk.js';
import { openFolder } from '../../src/wal/folder.js';
import { FORMAT_VERSION, HEADER_AT } from '../../src/wal/format.js';
import { segmentName, sortNames } from '../../src/wal/names.js';
import { dataFolderOf } from './data-folders.js';
import type { RoleProcess } from './role-process.js';

const NEVER_PREPARED = { kind: 'commit', epoch: 1, txid: 999_999 } as const;
const SEGMENT_LIMITS = { segmentBytes: 1 << 20, segmentRecords: 1000 };

/** Appends the outcome of a transaction that nothing before it speaks of. */
export async function contradictLog(role: RoleProcess): Promise<string> {
  const path = dataFolderOf(role);
  const folder = await openFolder(await openFileDisk(path), {
    role: role.name === 'coordinator' ? 'coordinator' : 'participant',
    newStoreId: () => {
      throw new Error(`${path} has no identity`);
    },
    origin: 'a test',
    ...SEGMENT_LIMITS,
  });
  await folder.replay({ onSnapshot: () => undefined, onRecord: () => undefined });
  const log = await folder.start();
  log.append(NEVER_PREPARED);
  await log.flush();
  const named = join(path, segmentName(log.segment));
  await log.close();
  return named;
}

export interface LaterLog {
  readonly path: string;
  readonly format: number;
  /** Makes it what it was. */
  takeBack(): void;
}

/** Raises the format's number in the newest segment's header. */
export async function raiseFormat(role: RoleProcess): Promise<LaterLog> {
  const folder = dataFolderOf(role);
  const { segments } = sortNames(await (await openFileDisk(folder)).list());
  const path = join(folder, segmentName(segments.at(-1) ?? 1));
  const before = readFileSync(path);
  const bytes = Buffer.from(before);
  const format = FORMAT_VERSION + 1;
  bytes.writeUInt16BE(format, HEADER_AT.version);
  bytes.writeUInt16BE(crc32(bytes.subarray(0, HEADER_AT.check)) & 0xffff, HEADER_AT.check);
  writeFileSync(path, bytes);
  return {
    path,
    format,
    takeBack: () => {
      writeFileSync(path, before);
    },
  };
}
