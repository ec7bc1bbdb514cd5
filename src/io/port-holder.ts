/**
 * Who listens on a port: for messages to people, so it says what it can find out and no more. Linux
 * tells through /proc; elsewhere, and for processes of other users, nobody is named.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { type Address } from '../config/address.js';

const LISTEN_STATE = '0A';

/** Null if the address is free; otherwise the code of the error, such as EADDRINUSE. */
export function whyNotFree({ host, port }: Address): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message);
    });
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => {
        resolve(null);
      });
    });
  });
}

/** `process 123 (redis-server)`, or null. */
export function holderOf(port: number): string | null {
  const sockets = listeningSockets(port);
  if (sockets.size === 0) return null;
  for (const pid of entries('/proc').filter((name) => /^\d+$/.test(name))) {
    const folder = `/proc/${pid}/fd`;
    if (entries(folder).some((fd) => sockets.has(linkOf(`${folder}/${fd}`)))) {
      return `process ${pid} (${textOf(`/proc/${pid}/comm`).trim()})`;
    }
  }
  return null;
}

/** The names that such sockets have among a process's open files. */
function listeningSockets(port: number): Set<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => textOf(file).split('\n'));
  const fields = rows.map((row) => row.trim().split(/\s+/));
  const inodes = fields
    .filter((row) => row[1]?.endsWith(suffix) === true && row[3] === LISTEN_STATE)
    .map((row) => `socket:[${row[9] ?? ''}]`);
  return new Set(inodes);
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
