/** A port that is open before anything stands behind it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { Door } from '../../../src/io/door.js';
import { readBytes, readToEnd } from './fake-store-server.js';

describe('a door', () => {
  let door: Door;
  const clients: Socket[] = [];

  async function open(maxWaiting: number, maxSockets = Infinity): Promise<void> {
    door = await Door.open({ host: '127.0.0.1', port: 0, maxWaiting, maxSockets });
  }

  async function arrive(): Promise<Socket> {
    const client = connect({ host: '127.0.0.1', port: door.address.port });
    clients.push(client);
    await once(client, 'connect');
    return client;
  }

  /** Greets everybody with a number, in the order in which they are let in. */
  function attend(): Socket[] {
    const taken: Socket[] = [];
    door.attend(
      (socket) => {
        taken.push(socket);
        socket.on('error', () => socket.destroy());
        socket.write(String(taken.length));
      },
      () => undefined,
    );
    return taken;
  }

  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
    door.close();
  });

  it('keeps who comes early, with what they say, and lets them in first', async () => {
    await open(10);
    const early = await arrive();
    early.write('hello');
    const second = await arrive();
    const taken = attend();
    const late = await arrive();
    const greetings = await Promise.all([early, second, late].map((one) => readBytes(one, 1)));
    expect(greetings).to.deep.equal(['1', '2', '3']);
    const [first] = taken;
    if (first === undefined) throw new Error('nobody was let in');
    expect(await readBytes(first, 5)).to.equal('hello');
    for (const socket of taken) socket.destroy();
  });

  it('turns away who comes early beyond its limit', async () => {
    await open(1);
    const first = await arrive();
    const second = await arrive();
    await once(second, 'close');
    const taken = attend();
    expect(await readBytes(first, 1)).to.equal('1');
    expect(taken.length).to.equal(1);
    for (const socket of taken) socket.destroy();
  });

  it('lets nobody in who has gone meanwhile', async () => {
    await open(10);
    const gone = await arrive();
    const stays = await arrive();
    gone.resetAndDestroy();
    stays.write('x');
    // The reset is seen before any later connection.
    await once(await arriveAndLeave(), 'close');
    const taken = attend();
    expect(await readBytes(stays, 1)).to.equal('1');
    expect(taken.every((socket) => !socket.destroyed)).to.equal(true);
    for (const socket of taken) socket.destroy();
  });

  it('lets nobody in who has ended meanwhile without a word, but who said something', async () => {
    await open(10);
    const silent = await arrive();
    const speaking = await arrive();
    silent.end();
    speaking.end('hello');
    await once(await arriveAndLeave(), 'close');
    const taken = attend();
    const [first] = taken;
    if (first === undefined) throw new Error('nobody was let in');
    expect(await readBytes(first, 5)).to.equal('hello');
    expect(await readToEnd(silent)).to.equal('');
    for (const socket of taken) socket.destroy();
  });

  async function arriveAndLeave(): Promise<Socket> {
    const client = await arrive();
    setImmediate(() => client.destroy());
    return client;
  }

  it('lets no more in than there are files for, whoever has them, until one is gone', async () => {
    await open(10, 2);
    const taken = attend();
    for (const _ of [1, 2]) await arrive();
    const third = await arrive();
    third.on('error', () => undefined);
    await once(third, 'close');
    expect(taken).to.have.length(2);
    taken[0]?.destroy();
    expect(await readBytes(await arrive(), 1)).to.equal('3');
  });
});
