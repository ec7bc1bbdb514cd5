/**
 * A copy of the program that calls itself a later release, so that tests can have two releases
 * side by side. It is the same code with another number: what differs between real releases, the
 * formats and the protocol, has tests of its own.
 */
import { cpSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PROGRAM, PROJECT_ROOT } from './project-root.js';

/** Makes it below the folder; the answer is the path of the program. */
export function makeLaterRelease(parent: string, version: string): string {
  const original = dirname(dirname(realpathSync(PROGRAM)));
  const root = join(parent, `release-${version}`);
  mkdirSync(join(root, 'dist'), { recursive: true });
  for (const name of ['bin', 'dist/program']) {
    cpSync(join(original, name), join(root, name), { recursive: true });
  }
  symlinkSync(join(PROJECT_ROOT, 'node_modules'), join(root, 'node_modules'));
  const manifest = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as object;
  writeFileSync(join(root, 'package.json'), JSON.stringify({ ...manifest, version }));
  return join(root, 'bin', 'kvstore2pcsystem');
}
