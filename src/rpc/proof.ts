/**
 * Mutual proof that both ends of a connection know the cluster secret, without saying it: each side
 * sends an HMAC of both nonces and of its own part in the conversation.
 */
import { hmac } from '../base/hash.js';
import { PROTOCOL_VERSION } from './messages.js';

/** What a side signs; its label keeps one side's proof from serving as the other's. */
export function proofText(side: 'asking' | 'answering', hello: string, welcome: string): string {
  return `kvstore2pcsystem/${PROTOCOL_VERSION}/${side}/${hello}/${welcome}`;
}

/** '' where no secret is configured. */
export function proof(secret: string, text: string): string {
  return secret === '' ? '' : hmac(secret, text);
}
