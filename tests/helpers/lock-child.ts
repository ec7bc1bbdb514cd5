/**
 * Child process of the lock's tests. Its argument is a folder; on standard input it takes the lines
 * `lock` (answered `won` or `lost: …`) and `release` (answered `released`), and ends with it.
 */
import { createInterface } from 'node:readline';
import { type FolderLock, FolderLockedError, lockFolder } from '../../src/io/folder-lock.js';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const held: FolderLock[] = [];

async function tryToLock(): Promise<string> {
  try {
    held.push(await lockFolder(process.argv[2] ?? '', 'participant'));
    return 'won';
  } catch (error) {
    if (!(error instanceof FolderLockedError)) throw error;
    return `lost: ${error.message}`;
  }
}

say('ready');
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'lock') {
    say(await tryToLock());
  } else {
    await held.pop()?.release();
    say('released');
  }
}
process.exit(0);
