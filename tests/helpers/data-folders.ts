/**
 * What operators and bad disks do to a stopped role's files: copy, restore, lose, damage; and its
 * configuration rewritten. A role's data folder is the only one below `data` beside its
 * configuration, as long as its address does not change.
 */
import {
  cpSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Reply, RespConnection } from './resp-connection.js';
import type { RoleProcess } from './role-process.js';

/** The folder with the log; folders that were set aside stay beside it. */
export function dataFolderOf(role: RoleProcess): string {
  const data = join(role.folder, 'data');
  const names = readdirSync(data).filter((name) => !name.includes('.set-aside-'));
  const [name] = names;
  if (name === undefined || names.length > 1) throw new Error(`no single folder in ${data}`);
  return join(data, name);
}

/** Folders that `--set_aside` has renamed. */
export function setAsideFolders(role: RoleProcess): string[] {
  return readdirSync(join(role.folder, 'data')).filter((name) => name.includes('.set-aside-'));
}

/** Changes a byte in the middle of the largest segment and says which file that was. */
export function rotLog(role: RoleProcess): string {
  const folder = dataFolderOf(role);
  const sized = readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .map((name) => ({ path: join(folder, name), bytes: statSync(join(folder, name)).size }))
    .sort((a, b) => b.bytes - a.bytes);
  const largest = sized[0];
  if (largest === undefined) throw new Error(`${folder} has no segment`);
  const bytes = readFileSync(largest.path);
  const middle = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  writeFileSync(largest.path, bytes);
  return largest.path;
}

export function backUp(role: RoleProcess, target: string): void {
  cpSync(join(role.folder, 'data'), target, { recursive: true });
}

export function restore(role: RoleProcess, source: string): void {
  // Copied before the old one goes: a freed inode number would be given to the copy.
  const copy = join(role.folder, 'data.copy');
  cpSync(source, copy, { recursive: true });
  rmSync(join(role.folder, 'data'), { recursive: true, force: true });
  renameSync(copy, join(role.folder, 'data'));
}

export function editConfig(role: RoleProcess, edit: (text: string) => string): void {
  writeFileSync(role.configPath, edit(readFileSync(role.configPath, 'utf8')));
}

/** One command on a connection of its own; an error reply is its text, with a minus sign. */
export async function ask(
  role: { readonly host: string; readonly port: number },
  ...words: readonly string[]
): Promise<string> {
  const connection = await RespConnection.open(role.host, role.port);
  try {
    return shown(await connection.command(...words));
  } finally {
    connection.close();
  }
}

function shown(reply: Reply): string {
  if (reply instanceof Error) return `-${reply.message}`;
  if (reply === null) return '(nil)';
  return Buffer.isBuffer(reply) ? reply.toString() : JSON.stringify(reply);
}
