/** The network in memory: the contract of the port, and what only a network without time can do. */
import { expect } from 'chai';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { PeerConnection } from '../../../src/ports/network.js';
import type { Reply, Request } from '../../../src/rpc/messages.js';
import { type NetworkHarness, runNetworkTests } from '../../conformance/network.js';
import { MemoryNetwork } from '../../helpers/memory-network.js';

runNetworkTests('memory', async () => {
  const memory = new MemoryNetwork();
  let listening = 0;
  const harness: NetworkHarness = {
    network: memory.host('near'),
    listen: (acceptor) => {
      listening += 1;
      memory.listen(`far:${listening}`, acceptor);
      return Promise.resolve(`far:${listening}`);
    },
    nowhere: () => Promise.resolve('nowhere:1'),
    progress: async () => {
      await endOfTurn();
      for (const lane of memory.lanes()) memory.deliver(lane);
    },
    sever: () => {
      for (const id of memory.connectionIds()) memory.cut(id);
    },
    stop: () => Promise.resolve(),
  };
  return Promise.resolve(harness);
});

const PING: Request = { type: 'ping', sequence: 1, epoch: { number: 1, nonce: '' } };

function connected(): {
  memory: MemoryNetwork;
  near: PeerConnection<Request>;
  far: PeerConnection<Reply>;
  events: string[];
} {
  const memory = new MemoryNetwork();
  const events: string[] = [];
  const accepted: PeerConnection<Reply>[] = [];
  memory.listen('far:1', (connection) => {
    accepted.push(connection);
    return {
      request: (message) => events.push(`far: ${message.type}`),
      closed: () => events.push('far: closed'),
    };
  });
  const near = memory.host('near').dial('far:1', {
    opened: () => events.push('near: opened'),
    reply: (message) => events.push(`near: ${message.type}`),
    closed: () => events.push('near: closed'),
  });
  memory.deliverAll();
  const [far] = accepted;
  if (far === undefined) throw new Error('nobody accepted');
  return { memory, near, far, events };
}

describe('helpers/memory-network', () => {
  it('delivers nothing by itself, and one item at a time', () => {
    const { memory, near, far, events } = connected();
    near.send(PING);
    near.send({ type: 'inquire' });
    far.send({ type: 'proved' });
    expect(events).to.deep.equal(['near: opened']);
    expect(near.bufferedBytes).to.be.greaterThan(0);
    const lanes = memory.lanes();
    expect(lanes.map(({ towards, next }) => `${towards} ${next}`)).to.deep.equal([
      'acceptor ping',
      'dialler proved',
    ]);
    expect(memory.deliver({ connection: near.id, towards: 'acceptor' })).to.equal(true);
    expect(events).to.deep.equal(['near: opened', 'far: ping']);
    expect(memory.deliver({ connection: near.id, towards: 'dialler' })).to.equal(true);
    expect(memory.deliver({ connection: near.id, towards: 'dialler' })).to.equal(false);
    expect(events).to.deep.equal(['near: opened', 'far: ping', 'near: proved']);
  });

  it('loses what is on its way when a connection is cut', () => {
    const { memory, near, events } = connected();
    near.send(PING);
    memory.cut(near.id);
    memory.deliverAll();
    expect(events).to.deep.equal(['near: opened', 'far: closed', 'near: closed']);
    expect(memory.connectionIds()).to.deep.equal([]);
  });

  it('tells nobody that a side has gone deaf', () => {
    const { memory, near, far, events } = connected();
    memory.deafen(near.id, 'acceptor');
    near.send(PING);
    far.send({ type: 'proved' });
    memory.deliverAll();
    expect(events).to.deep.equal(['near: opened', 'near: proved']);
  });

  it('closes what a killed process had open, behind what it had sent', () => {
    const { memory, far, events } = connected();
    far.send({ type: 'proved' });
    memory.crash('far:1');
    far.send({ type: 'viewed', number: 1, epoch: { number: 1, nonce: '' } });
    memory.deliverAll();
    expect(events).to.deep.equal(['near: opened', 'near: proved', 'near: closed']);
    const refused: string[] = [];
    memory.host('near').dial('far:1', {
      opened: () => refused.push('opened'),
      reply: () => refused.push('reply'),
      closed: (reason) => refused.push(reason),
    });
    memory.deliverAll();
    expect(refused).to.deep.equal(['connection refused']);
  });

  it('hears no more of a machine that lost its power', () => {
    const { memory, near, far, events } = connected();
    far.send({ type: 'proved' });
    memory.crash('far:1', 'powerCut');
    near.send(PING);
    memory.deliverAll();
    expect(events).to.deep.equal(['near: opened']);
  });
});
