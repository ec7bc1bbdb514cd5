/** Begins to listen as a role does, and says in one line why that is impossible. */
import { formatAddress } from '../config/address.js';
import type { Config } from '../config/config.js';
import type { SessionEnvironment } from '../resp/environment.js';
import { tooManyClients } from '../resp/error-replies.js';
import { holderOf } from './port-holder.js';
import { type RespServer, type RespServerOptions, startRespServer } from './resp-server.js';
import { StartRefusedError } from './running-role.js';

export type ListenOptions = Omit<RespServerOptions, 'host' | 'port' | 'maxClients' | 'refusal'>;

export async function listenAsRole(
  config: Config,
  environment: SessionEnvironment,
  options: ListenOptions,
): Promise<RespServer> {
  const { host, port } = config.listen;
  const { maxClients } = config;
  const refusal = tooManyClients(environment.replyFormat);
  try {
    return await startRespServer({ host, port, maxClients, refusal, ...options });
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    throw refused(config, String(error.code), error);
  }
}

function refused(config: Config, code: string, cause: Error): StartRefusedError {
  const address = formatAddress(config.listen);
  const key = config.role === 'coordinator' ? 'coordinator_info' : 'participant_info';
  if (code === 'EADDRINUSE') {
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
