/** `txstatus EPOCH:TXID` */
import { type Handler, ask, word } from '../handler.js';

export const txstatus: Handler = (world, command) => {
  ask(world, command, { type: 'txstatus', txid: word(command, 0) });
};
