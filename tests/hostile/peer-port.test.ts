/**
 * The port of real participants among more connections than their limits allow: silent, unproved,
 * unfinished, half-closed and unread ones. So many are kept as the limits say, at a bounded cost of
 * memory, and a coordinator that starts beside them gets in.
 */
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { MAX_UNPROVED_PEERS } from '../../src/io/unproved-peers.js';
import { PEER_PREFIX } from '../../src/rpc/codec.js';
import { MAX_UNPROVED_BYTES } from '../../src/rpc/limits.js';
import { request } from '../helpers/one-shot.js';
import type { Cluster } from '../helpers/processes.js';
import type { BadClients } from './bad-clients.js';
import {
  BesiegedCluster,
  CONNECTION_BYTES,
  GARBAGE_BYTES,
  PENDING_REPLY_BYTES,
  STRANGERS_BYTES,
} from './besieged-cluster.js';

const TOO_MANY = 40;
/** A participant's `max_clients`, which also bounds who has said nothing yet. */
const MAX_CLIENTS = 300;
const SILENT = MAX_CLIENTS + TOO_MANY;
const STRANGERS = MAX_UNPROVED_PEERS + TOO_MANY;
const UNREADING = 20;
/** What one who does not read asks to hear: far more than may wait for it. */
const ECHO_BYTES = 16 * 1024;
const ECHOES = 1000;
/** Of the coordinator, and what else may come or go while files are counted. */
const OTHER_FILES = 8;

describe('hostile connections to participants', function () {
  this.timeout(60_000);
  let besieged: BesiegedCluster;
  let cluster: Cluster;

  before(async () => {
    const limits = { max_clients: MAX_CLIENTS };
    const roleSettings = { participant1: limits, participant2: limits };
    besieged = await BesiegedCluster.start({ roleSettings });
    ({ cluster } = besieged);
  });
  after(() => cluster.end());

  beforeEach(() => besieged.remember());

  afterEach('everything is as it was', () => besieged.rest());

  /** So many at each participant; those of one are complete before it is asked what it keeps. */
  async function crowds(
    count: number,
    act: (socket: Socket, index: number) => void,
  ): Promise<BadClients[]> {
    const all = cluster.participants.map((participant) => besieged.badClients(participant));
    for (const clients of all) {
      const sockets = await clients.openMany(count);
      for (const [index, socket] of sockets.entries()) act(socket.resume(), index);
    }
    return all;
  }

  /** Neither fewer nor more, once those beyond the limit are closed. */
  async function keepsOnly(limit: number, crowd: readonly BadClients[]): Promise<void> {
    await Promise.all(crowd.map((clients) => clients.closed(TOO_MANY)));
    for (const participant of cluster.participants) {
      const kept = besieged.newFilesOf(participant);
      expect(kept, `kept by ${participant.name}`).to.be.closeTo(limit, OTHER_FILES);
    }
  }

  async function aCoordinatorGetsIn(): Promise<void> {
    await besieged.restartCoordinator();
    await besieged.serves(5);
  }

  it('that say nothing are as many as clients may be, and hold up no coordinator', async () => {
    const crowd = await crowds(SILENT, () => undefined);
    await keepsOnly(MAX_CLIENTS, crowd);
    await aCoordinatorGetsIn();
    const most = MAX_CLIENTS * CONNECTION_BYTES + GARBAGE_BYTES;
    besieged.expectGrowthBelow(most, ...cluster.participants);
  });

  it('that prove nothing are as many as the protocol says, however much they send', async () => {
    const start = Buffer.concat([
      besieged.soundHello(),
      Buffer.from('*2\r\n$9\r\n2PC.PROVE\r\n$400000000\r\n'),
    ]);
    const rest = Buffer.alloc(MAX_UNPROVED_BYTES - start.length, 'x');
    const sockets: Socket[] = [];
    const crowd = await crowds(STRANGERS, (socket) => {
      sockets.push(socket);
      socket.write(Buffer.concat([start, rest]));
    });
    await keepsOnly(MAX_UNPROVED_PEERS, crowd);
    besieged.expectGrowthBelow(STRANGERS_BYTES, ...cluster.participants);
    await aCoordinatorGetsIn();
    const more = Buffer.alloc(8 * MAX_UNPROVED_BYTES, 'x');
    for (const socket of sockets) if (!socket.readableEnded) socket.write(more);
    await Promise.all(crowd.map((clients) => clients.closed(STRANGERS)));
    besieged.expectGrowthBelow(STRANGERS_BYTES, ...cluster.participants);
  });

  it('that are half-closed are let go, whatever they have said', async () => {
    const words = [
      Buffer.alloc(0),
      PEER_PREFIX.subarray(0, 5),
      PEER_PREFIX,
      besieged.soundHello(),
      request('PING'),
    ];
    const crowd = await crowds(STRANGERS, (socket, index) => {
      socket.end(words[index % words.length] ?? '');
    });
    await Promise.all(crowd.map((clients) => clients.closed(STRANGERS)));
    for (const participant of cluster.participants) {
      expect(besieged.newFilesOf(participant), participant.name).to.be.at.most(OTHER_FILES);
    }
    await aCoordinatorGetsIn();
    besieged.expectGrowthBelow(STRANGERS_BYTES, ...cluster.participants);
  });

  it('that do not read cost no more than may wait for them', async () => {
    const echo = request('ECHO', Buffer.alloc(ECHO_BYTES, 'x'));
    const echoes = Buffer.concat(Array.from({ length: ECHOES }, () => echo));
    const greeting = besieged.soundHello();
    await crowds(2 * UNREADING, (socket, index) => {
      socket.pause();
      socket.write(index % 2 === 0 ? echoes : greeting);
    });
    await aCoordinatorGetsIn();
    const most = UNREADING * (PENDING_REPLY_BYTES + CONNECTION_BYTES) + GARBAGE_BYTES;
    besieged.expectGrowthBelow(most, ...cluster.participants);
  });
});
