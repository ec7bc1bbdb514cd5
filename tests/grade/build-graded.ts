/**
 * Builds the folder that is graded, as graders do: `make`, wherever there is a Makefile, whatever
 * is there already. It happens before a network namespace is entered, because a build may need the
 * network. This project's own folder is left out: whoever runs this has built it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../helpers/project-root.js';

const PROGRAM_NAME = 'kvstore2pcsystem';
/** What npm and make tell their children is about the project that grades. */
const OF_OUR_BUILD = /^(npm_|MAKE|MFLAGS$|DIR$)/;

export function buildGraded(directory: string): void {
  if (directory !== PROJECT_ROOT && existsSync(join(directory, 'Makefile'))) make(directory);
  if (existsSync(join(directory, PROGRAM_NAME))) return;
  throw new Error(`there is no ${PROGRAM_NAME} in ${directory}`);
}

function make(directory: string): void {
  const kept = Object.entries(process.env).filter(([name]) => !OF_OUR_BUILD.test(name));
  const { status, signal, error } = spawnSync('make', [], {
    cwd: directory,
    // What it says is no part of the grades.
    stdio: ['ignore', process.stderr, process.stderr],
    env: Object.fromEntries(kept),
  });
  if (error !== undefined) throw new Error(`make cannot be run: ${error.message}`);
  if (status === 0) return;
  throw new Error(`make in ${directory} ended with ${signal ?? `status ${String(status)}`}`);
}
