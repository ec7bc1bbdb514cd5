/**
 * Names the place of a data folder: which machine, which file system, which folder in it. A folder
 * that remembers another place was restored or copied, and what it says may be out of date.
 */
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';

const MACHINE_ID_FILES = ['/etc/machine-id', '/var/lib/dbus/machine-id'];

export async function originOf(folder: string): Promise<string> {
  const { dev, ino } = await stat(folder, { bigint: true });
  return `${machineId()} ${dev}:${ino}`;
}

function machineId(): string {
  for (const file of MACHINE_ID_FILES) {
    try {
      const id = readFileSync(file, 'utf8').trim();
      if (id !== '') return id;
    } catch {
      // Not every system has these files; its name must do then.
    }
  }
  return hostname();
}
