/** Where the project's own files are, whatever folder this code was compiled to. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

function findRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package.json above ${import.meta.dirname}`);
    folder = parent;
  }
  return folder;
}

export const PROJECT_ROOT = findRoot();

/** The program under test; `KV_BINARY` names another build of it. */
export const PROGRAM = process.env['KV_BINARY'] ?? join(PROJECT_ROOT, 'kvstore2pcsystem');
