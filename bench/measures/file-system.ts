/** Which file system a folder is on. One that lives in memory cannot show what a sync costs. */
import { readFileSync, realpathSync, statfsSync } from 'node:fs';

/** `TMPFS_MAGIC` and `RAMFS_MAGIC` of statfs(2). */
const IN_MEMORY = new Set([0x0102_1994, 0x8584_58f6]);

/** The type of the mount with the longest path that leads to the folder, from /proc/mounts. */
export function typeOfMount(mounts: string, folder: string): string {
  let longest = '';
  let type = 'unknown';
  for (const line of mounts.split('\n')) {
    const [, point = '', name = ''] = line.split(' ');
    const leads = point === '/' || folder === point || folder.startsWith(`${point}/`);
    if (point === '' || !leads || point.length < longest.length) continue;
    longest = point;
    type = name;
  }
  return type;
}

/** Its name; throws if the folder is in memory. */
export function fileSystemOf(folder: string): string {
  const name = typeOfMount(readFileSync('/proc/mounts', 'utf8'), realpathSync(folder));
  if (IN_MEMORY.has(statfsSync(folder).type)) {
    throw new Error(
      `${folder} is in memory (${name}): a sync costs nothing there, so nothing measured there ` +
        `means anything. Name a folder on a disk: --folder DIR`,
    );
  }
  return name;
}
