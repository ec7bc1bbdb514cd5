/**
 * `--dump_log`: the log in a data folder on standard output, while its process runs or not; nothing
 * is locked and nothing is changed. A reader that has seen enough, such as `| head`, ends it.
 */
import { once } from 'node:events';
import { DiskError } from '../ports/disk.js';
import { dumpFolder } from '../wal/dump.js';
import { openExistingFileDisk } from './file-disk.js';
import { StartRefusedError } from './running-role.js';

const EXIT_DONE = 0;

/** Resolves with the exit code. */
export async function dumpLog(folder: string, json: boolean): Promise<number> {
  const output = process.stdout;
  const reader = { hasLeft: false };
  output.on('error', () => {
    reader.hasLeft = true;
  });
  try {
    const disk = await openExistingFileDisk(folder);
    for await (const line of dumpFolder(disk, { json })) {
      if (reader.hasLeft) break;
      if (!output.write(`${line}\n`)) await Promise.race([once(output, 'drain'), closed()]);
    }
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    throw new StartRefusedError('unreadable_folder', error.message);
  }
  return EXIT_DONE;
}

function closed(): Promise<unknown> {
  return new Promise((resolve) => process.stdout.once('error', resolve));
}
