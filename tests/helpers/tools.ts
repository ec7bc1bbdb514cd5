/**
 * Programs that some tests need beside Node. On a user's machine a test whose tool is missing is
 * skipped by name; where `KV_REQUIRE_TOOLS` is set it fails, so that no skip hides there.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import Mocha from 'mocha';

const ALSO_SEARCHED = ['/usr/sbin', '/sbin'];

/** Full path of a program, or null. */
export function findTool(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...ALSO_SEARCHED];
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The next folder may have it.
    }
  }
  return null;
}

/** Call it first in a test or a hook, with mocha's `this`; returns the tool's full path. */
export function needs(name: string, context: Mocha.Context): string {
  const path = findTool(name);
  if (path !== null) return path;
  return missing(`${name} is not installed`, context);
}

/** The same for something that is not a program, such as a network namespace. */
export function needsThat(holds: boolean, what: string, context: Mocha.Context): void {
  if (!holds) missing(what, context);
}

function missing(reason: string, context: Mocha.Context): never {
  if (process.env['KV_REQUIRE_TOOLS'] !== undefined) throw new Error(reason);
  const runnable = context.test;
  // A skipped hook skips all tests of its suite, and it is their titles that are printed.
  const isTest = runnable instanceof Mocha.Test;
  const named = isTest ? runnable : runnable?.parent;
  if (named !== undefined) named.title += ` (${reason})`;
  return context.skip();
}
