/** How replies lie in a socket whose client does not read. */
import { expect } from 'chai';
import { once } from 'node:events';
import { type AddressInfo, createServer, Socket } from 'node:net';
import { ClientConnection } from '../../../src/io/client-connection.js';
import { SILENT_TRACE } from '../../../src/ports/trace.js';
import { SessionDriver } from '../resp/session-driver.js';

type Chunk = { readonly chunk: unknown; readonly encoding: BufferEncoding };

/** Notes whether what goes to the kernel is a text or bytes. */
class RecordingSocket extends Socket {
  readonly written: string[] = [];

  override _write(chunk: unknown, encoding: BufferEncoding, done: (error?: Error | null) => void) {
    this.note(chunk);
    super._write(chunk, encoding, done);
  }

  override _writev(chunks: Chunk[], done: (error?: Error | null) => void): void {
    for (const { chunk } of chunks) this.note(chunk);
    super._writev?.(chunks, done);
  }

  private note(chunk: unknown): void {
    this.written.push(typeof chunk === 'string' ? 'text' : 'bytes');
  }
}

describe('a client connection', () => {
  it('writes texts as they are, but leaves none of them waiting in a socket', async () => {
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = new RecordingSocket();
    const { port } = server.address() as AddressInfo;
    socket.connect(port, '127.0.0.1');
    const [[client]] = (await Promise.all([
      once(server, 'connection'),
      once(socket, 'connect'),
    ])) as [[Socket], unknown];
    const large = Buffer.alloc(32_000_000);
    const { session } = new SessionDriver({ limits: { maxReplyBytes: 2 ** 30 } });
    const connection = new ClientConnection(socket, session, {
      trace: SILENT_TRACE,
      now: () => 2000,
      onStoreRequest: (_id, token, request) => {
        const isLarge = request.type === 'read' && request.command.keys[0] === 'large';
        connection.complete(token, { type: 'values', values: [isLarge ? large : 'a text'] });
      },
      dirty: (each) => setImmediate(() => each.flush()),
      onGone: () => undefined,
    });
    connection.start(null);
    const asked = async (line: string): Promise<void> => {
      client.write(line);
      await once(socket, 'data');
      await new Promise((resolve) => setImmediate(resolve)); // The flush is in this turn.
    };
    await asked('GET small\r\n');
    expect(socket.written).to.deep.equal(['text']);
    await asked('GET large\r\n');
    for (let count = 0; count < 3; count += 1) await asked('GET small\r\n');
    expect(socket.writableLength).to.be.above(0);
    let got = 0;
    client.on('data', (chunk) => (got += chunk.length));
    client.resume();
    while (socket.writableLength > 0) await once(socket, 'drain');
    client.destroy();
    socket.destroy();
    server.close();
    expect(socket.written.slice(-3)).to.deep.equal(['bytes', 'bytes', 'bytes']);
    expect(got).to.be.above(0);
  });
});
