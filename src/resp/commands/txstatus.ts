/** TXSTATUS: how a transaction ended that an UNKNOWN answer named. Redis has no such command. */
import type { CommandContext, CommandDefinition, CommandOutcome } from '../command.js';
import { answer } from '../command.js';
import { BAD_TXID } from '../error-replies.js';
import { storeTransactionStatus } from '../store-calls.js';

/** Both numbers are safe integers, so 16 digits are enough. */
const TXID = /^\d{1,16}:\d{1,16}$/;

function run(context: CommandContext): CommandOutcome {
  const txid = context.args.word(1);
  return TXID.test(txid) ? storeTransactionStatus(context, txid) : answer(BAD_TXID);
}

export const txstatus: CommandDefinition = {
  name: 'txstatus',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: null,
  group: 'transactions',
  since: '0.1.0',
  syntax: 'TXSTATUS epoch:txid',
  summary: 'Tell how a transaction ended: committed, aborted, pending or forgotten',
  introduces: false,
  subcommands: [],
  run,
};
