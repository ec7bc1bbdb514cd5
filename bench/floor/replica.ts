/**
 * A participant without everything that makes it one. What is written is appended to a file, synced
 * in a thread of the pool, and answered; what came meanwhile is synced together. Every key that is
 * read has the same value.
 *
 * Arguments: port, file, bytes of a value.
 */
import { fdatasync, openSync, writevSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { KIND, type Message, MessageReader, post } from './frames.js';

const [, , port = '', file = '', valueBytes = ''] = process.argv;
const fd = openSync(file, 'w');
const VALUE = `$${valueBytes}\r\n${'x'.repeat(Number(valueBytes))}\r\n`;

function serve(socket: Socket): void {
  let waiting: Message[] = [];
  let isSyncing = false;
  const sync = (): void => {
    if (isSyncing || waiting.length === 0) return;
    const batch = waiting;
    waiting = [];
    isSyncing = true;
    const buffers = batch.map(({ bytes }) => bytes);
    writevSync(fd, buffers);
    fdatasync(fd, (error) => {
      if (error !== null) throw error;
      isSyncing = false;
      for (const { kind, count } of batch) post(socket, { kind, count, bytes: Buffer.alloc(0) });
      sync();
    });
  };
  const messages = new MessageReader((message) => {
    const { kind, count } = message;
    if (kind === KIND.write) waiting.push(message);
    else post(socket, { kind, count, bytes: Buffer.from(VALUE.repeat(count), 'latin1') });
  });
  socket.on('data', (chunk) => {
    messages.push(chunk);
    sync();
  });
  socket.on('error', () => socket.destroy());
}

createServer({ noDelay: true }, serve).listen(Number(port), '127.0.0.1');
process.on('disconnect', () => process.exit(0));
