/**
 * How many connections a process may accept, given how many files it may open: a socket is one of
 * them, and a log that finds none left for its files has failed. As in Redis, clients are what
 * gives way. Node has raised the soft limit to the hard one by the time that this reads it.
 *
 * Invariant: all accepted sockets and all that is kept back are together within the limit.
 */
import { readFileSync } from 'node:fs';
import type { Config } from '../config/config.js';
import type { Note } from './role-folder.js';
import { StartRefusedError } from './running-role.js';
import { MAX_UNPROVED_PEERS } from './unproved-peers.js';

/** Of Node, the log and its snapshots, and what a participant dials itself. */
const OWN_FILES = 40;
/** Of a coordinator, to each participant. */
const DIALLED_PER_PARTICIPANT = 2;
/** Connections to a participant that have yet to show whose they are, when it has all clients. */
const SILENT = 8;
/** At a participant: two of its coordinator and two of the next one, the others of joiners. */
const PROVED_PEERS = 8;
const LEAST_UNPROVED_PEERS = 8;
const LEAST_CLIENTS = 16;

export interface SocketLimits {
  /** All that are accepted and open, whosever they are. */
  readonly sockets: number;
  readonly clients: number;
  /** Clients and those who have said nothing yet: the rest is for peers. */
  readonly clientsAndSilent: number;
  /** Means something at a participant only. */
  readonly unprovedPeers: number;
}

type Wishes = Pick<Config, 'role' | 'participants' | 'maxClients'>;

/** From `/proc/self/limits`; Infinity where nothing is known. */
export function parseOpenFiles(text: string): number {
  const soft = /^Max open files +(\d+) /m.exec(text)?.[1];
  return soft === undefined ? Infinity : Number(soft);
}

export function openFilesLimit(): number {
  try {
    return parseOpenFiles(readFileSync('/proc/self/limits', 'utf8'));
  } catch {
    return Infinity;
  }
}

export function socketLimits(wishes: Wishes, openFiles: number): SocketLimits {
  const isCoordinator = wishes.role === 'coordinator';
  const dialled = isCoordinator ? DIALLED_PER_PARTICIPANT * wishes.participants.length : 0;
  const peers = isCoordinator ? 0 : PROVED_PEERS + LEAST_UNPROVED_PEERS;
  const sockets = openFiles - OWN_FILES - dialled;
  const clientsAndSilent = sockets - peers;
  const forClients = clientsAndSilent - SILENT;
  if (forClients < Math.min(LEAST_CLIENTS, wishes.maxClients)) {
    const needed = openFiles + LEAST_CLIENTS - forClients;
    const text =
      `only ${openFiles} files may be open at a time, which leaves too few for clients: ` +
      `raise the limit (ulimit -n) to ${needed} or more`;
    throw new StartRefusedError('too_few_files', text);
  }
  const clients = Math.min(wishes.maxClients, forClients);
  const spare = sockets - clients - SILENT - PROVED_PEERS;
  return {
    sockets,
    clients,
    clientsAndSilent,
    unprovedPeers: Math.min(MAX_UNPROVED_PEERS, spare),
  };
}

/** What the operator is told when not as many clients may come as was wished. */
export function fewerClientsNote(
  { maxClients }: Wishes,
  { clients }: SocketLimits,
  openFiles: number,
): Note | null {
  if (clients >= maxClients) return null;
  const needed = openFiles + maxClients - clients;
  return {
    level: 'warn',
    message:
      `only ${openFiles} files may be open at a time: no more than ${clients} clients are ` +
      `served; raise the limit (ulimit -n) to ${needed}, or lower max_clients`,
    fields: { max_clients: maxClients },
  };
}
