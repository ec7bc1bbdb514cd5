/**
 * The listening socket of a process. It is open before anything stands behind it, because most of a
 * start is loading the program; who comes meanwhile waits, unread, until somebody attends.
 *
 * Invariants: no more wait than the limit allows; no more accepted sockets are open than the
 * process has files for, whoever has taken them over.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { formatAddress } from '../config/address.js';
import type { Config } from '../config/config.js';
import { HeldSockets } from './held-sockets.js';
import { StartRefusedError } from './running-role.js';

export interface DoorOptions {
  readonly host: string;
  readonly port: number;
  /** Who comes beyond so many before somebody attends is turned away. */
  readonly maxWaiting: number;
  /** Who comes while so many accepted sockets are open is dropped: what is open is counted. */
  readonly maxSockets: number;
}

/** As Redis's `tcp-backlog`. */
const BACKLOG = 511;

export class Door {
  private readonly waiting = new HeldSockets<null>();
  private readonly server: Server;

  private constructor(
    private readonly maxWaiting: number,
    maxSockets: number,
  ) {
    this.server = createServer({ allowHalfOpen: true, noDelay: true });
    this.server.maxConnections = maxSockets;
    this.server.on('connection', this.keep);
  }

  /** Rejects with the error of `listen` (EADDRINUSE, EACCES, …). */
  static async open({ host, port, maxWaiting, maxSockets }: DoorOptions): Promise<Door> {
    const door = new Door(maxWaiting, maxSockets);
    const { server } = door;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, backlog: BACKLOG }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    return door;
  }

  get address(): AddressInfo {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return address;
  }

  /** To be called once: those who wait come first, then everybody at once. */
  attend(take: (socket: Socket) => void, onError: (error: Error) => void): void {
    this.server.off('connection', this.keep);
    this.server.on('connection', take);
    this.server.on('error', onError);
    this.waiting.release(take);
  }

  /** Nobody comes in any more; who is in stays. */
  close(): void {
    this.server.close();
  }

  private readonly keep = (socket: Socket): void => {
    if (this.waiting.size < this.maxWaiting) this.waiting.hold(socket, null);
    else socket.destroy();
  };
}

/** Opens it as a role does, and says in one line why that is impossible. */
export async function openDoorOf(config: Config, maxSockets: number): Promise<Door> {
  const { host, port } = config.listen;
  try {
    return await Door.open({ host, port, maxWaiting: config.maxClients, maxSockets });
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    throw await refused(config, String(error.code), error);
  }
}

async function refused(config: Config, code: string, cause: Error): Promise<StartRefusedError> {
  const address = formatAddress(config.listen);
  const key = config.role === 'coordinator' ? 'coordinator_info' : 'participant_info';
  if (code === 'EADDRINUSE') {
    const { holderOf } = await import('./port-holder.js');
    const holder = holderOf(config.listen.port);
    const by = holder === null ? '' : ` by ${holder}`;
    const text = `the address ${address} is in use${by}: stop that process, or change ${key}`;
    return new StartRefusedError('address_in_use', text, { cause });
  }
  const reasons: Readonly<Record<string, string>> = {
    EADDRNOTAVAIL: 'is not an address of this machine',
    ENOTFOUND: 'cannot be resolved',
    EAI_AGAIN: 'cannot be resolved just now',
    EACCES: 'may not be used by this user',
  };
  const reason = reasons[code] ?? `cannot be listened on (${cause.message})`;
  const text = `the address ${address} ${reason}: change ${key}, or set bind`;
  return new StartRefusedError('address_unusable', text, { cause });
}
