/**
 * The port of real participants among more connections than their limits allow: silent, unproved,
 * unfinished, half-closed and unread ones. So many are kept as the limits say, at a bounded cost of
 * memory, and a coordinator that starts beside them gets in.
 */
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { MAX_UNPROVED_PEERS, UNPROVED_PEER_MS } from '../../src/io/unproved-peers.js';
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
/** Less than a peer has to prove itself: that ends connections as well. */
const CLOSED_WITHIN_MS = UNPROVED_PEER_MS - 1500;
/** Of what a peer is told that goes beyond its limit. */
const TOO_MUCH = 'bytes before the handshake has ended';
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
    await Promise.all(crowd.map((clients) => clients.closed(TOO_MANY, CLOSED_WITHIN_MS)));
    for (const participant of cluster.participants) {
      const kept = besieged.newFilesOf(participant);
      expect(kept, `kept by ${participant.name}`).to.be.closeTo(limit, OTHER_FILES);
    }
  }

  /** A welcome and a message without end, so many bytes of both together. */
  function unfinished(bytes: number): Buffer {
    const begun = Buffer.from('*2\r\n$9\r\n2PC.PROVE\r\n$400000000\r\n');
    const start = Buffer.concat([besieged.soundHello(), begun]);
    return Buffer.concat([start, Buffer.alloc(bytes - start.length, 'x')]);
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

  it('that prove nothing are as many as the protocol says, and hold up no coordinator', async () => {
    const start = unfinished(MAX_UNPROVED_BYTES);
    const crowd = await crowds(STRANGERS, (socket) => socket.write(start));
    await keepsOnly(MAX_UNPROVED_PEERS, crowd);
    await aCoordinatorGetsIn();
    besieged.expectGrowthBelow(STRANGERS_BYTES, ...cluster.participants);
  });

  it('that send much and prove nothing are told so, and cost no more', async () => {
    const much = unfinished(8 * MAX_UNPROVED_BYTES);
    let told = 0;
    const crowd = await crowds(MAX_UNPROVED_PEERS, (socket) => {
      socket.on('data', (chunk) => {
        if (chunk.includes(TOO_MUCH)) told += 1;
      });
      socket.write(much);
    });
    await Promise.all(crowd.map((clients) => clients.closed(MAX_UNPROVED_PEERS)));
    expect(told).to.equal(crowd.length * MAX_UNPROVED_PEERS);
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
