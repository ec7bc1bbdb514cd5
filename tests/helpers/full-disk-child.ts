/**
 * Child process of the full disk's test. Mounts a small file system at its argument (it runs in a
 * mount namespace of its own), fills it with the log, and prints what it saw as one line of JSON.
 */
import { execFileSync } from 'node:child_process';
import { unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from '../../src/base/hash.js';
import { openFileDisk } from '../../src/io/file-disk.js';
import { LogFullError } from '../../src/wal/errors.js';
import { openFolder } from '../../src/wal/folder.js';
import type { Log } from '../../src/wal/log.js';
import type { WalRecord } from '../../src/wal/record.js';

const mount = process.argv[2] ?? '';
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', mount]);

const payload = Buffer.alloc(100_000, 1);
const common = { epoch: 1, view: 1, payload, stage: '', length: payload.length };

function prepared(txid: number): WalRecord {
  return { kind: 'prepared', txid, ...common, crc: crc32(payload) };
}

function outcome(kind: 'commit' | 'abort', txid: number): WalRecord {
  return { kind, epoch: 1, txid };
}

async function open(): Promise<{ log: Log; kinds: string[] }> {
  const folder = await openFolder(await openFileDisk(join(mount, 'data')), {
    role: 'participant',
    newStoreId: () => '1'.repeat(32),
    origin: '',
    segmentBytes: 1 << 20,
    segmentRecords: 1000,
  });
  const kinds: string[] = [];
  const onRecord = (record: WalRecord): void => {
    kinds.push(`${record.kind} ${'txid' in record ? record.txid : ''}`);
  };
  await folder.replay({ onSnapshot: () => undefined, onRecord });
  return { log: await folder.start(), kinds };
}

/** Writes transactions until one does not fit; returns its number. */
async function fill(log: Log): Promise<number> {
  for (let txid = 1; ; txid += 1) {
    log.append(prepared(txid));
    try {
      await log.flush();
    } catch (error) {
      if (error instanceof LogFullError) return txid;
      throw error;
    }
    log.append(outcome('commit', txid));
    await log.flush();
  }
}

await writeFile(join(mount, 'filler'), Buffer.alloc(1_500_000));
const { log } = await open();
const refused = await fill(log);
const fullAtFirst = log.isFull;
log.append(outcome('abort', refused));
await log.flush();
const restarted = await open();
await unlink(join(mount, 'filler'));
restarted.log.append(prepared(refused + 1));
await restarted.log.flush();
const fullAtLast = restarted.log.isFull;
const { log: last, kinds } = await open();
for (const each of [log, restarted.log, last]) await each.close();
process.stdout.write(`${JSON.stringify({ refused, fullAtFirst, fullAtLast, kinds })}\n`);
