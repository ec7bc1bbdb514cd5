/**
 * S1, S2, S10, S28, S33, S34: a process dies at every single one of its effects (each record that
 * it appends, each sync, each message and reply), in three plays: a few writes, a recovery of
 * everything, and a refill by snapshot. Whatever the place, what was acknowledged is there, applied
 * once, and equal everywhere.
 */
import { expect } from 'chai';
import type { StoreReply } from '../../src/base/store-request.js';
import { SimCluster } from '../cluster/sim-cluster.js';

interface Told {
  readonly key: string;
  /** null: deleted. */
  readonly value: string | null;
  readonly reply: StoreReply | null;
}

/** Writes that a client makes one after the other, as far as it is answered. */
function write(cluster: SimCluster, told: Told[], key: string, value: string | null): void {
  let reply: StoreReply | null | undefined;
  const command =
    value === null
      ? { op: 'del' as const, keys: [key] }
      : { op: 'set' as const, pairs: [[key, Buffer.from(value)] as const] };
  cluster.coordinator.request(1, { type: 'write', command }, (answer) => {
    reply = answer;
  });
  cluster.runUntil(() => reply !== undefined, 10_000, 'an answer');
  told.push({ key, value, reply: reply ?? null });
}

function newCluster(effects: Map<string, number>): SimCluster {
  return new SimCluster({
    participants: 2,
    seed: 1,
    minDelayMs: 0.1,
    maxDelayMs: 0.1,
    isSteady: true,
    observer: {
      effect: (who) => {
        effects.set(who, (effects.get(who) ?? 0) + 1);
      },
    },
  });
}

type Play = (cluster: SimCluster, told: Told[], arm: () => void) => void;

const PLAYS: Readonly<Record<string, Play>> = {
  'a few writes': (cluster, told, arm) => {
    arm();
    write(cluster, told, 'a', '1');
    write(cluster, told, 'b', '1');
    write(cluster, told, 'a', null);
    write(cluster, told, 'b', '2');
  },
  'a recovery of everything': (cluster, told, arm) => {
    write(cluster, told, 'a', '1');
    write(cluster, told, 'b', '1');
    cluster.coordinator.request(1, setOf('a', '2'), () => undefined);
    cluster.run(1.2);
    told.push({ key: 'a', value: '2', reply: null });
    for (const process of [cluster.coordinator, ...cluster.participants]) process.crash();
    arm();
    cluster.start();
    cluster.run(1500);
  },
  'a refill by snapshot': (cluster, told, arm) => {
    write(cluster, told, 'a', '1');
    write(cluster, told, 'big', 'x'.repeat(30_000));
    cluster.participant('p1').wipe();
    write(cluster, told, 'b', '1');
    arm();
    cluster.participant('p1').start();
    cluster.run(1500);
    write(cluster, told, 'a', null);
  },
};

function setOf(key: string, value: string): Parameters<SimCluster['ask']>[0] {
  return { type: 'write', command: { op: 'set', pairs: [[key, Buffer.from(value)]] } };
}

/** Plays with a death at the nth effect; returns how many effects the process had. */
function play(name: string, process: string, nth: number): number {
  const effects = new Map<string, number>();
  const cluster = newCluster(effects);
  cluster.start();
  cluster.run(50);
  const told: Told[] = [];
  PLAYS[name]?.(cluster, told, () => {
    effects.clear();
    if (nth > 0) cluster.crashAt({ process, effect: '', nth });
  });
  const count = effects.get(process) ?? 0;
  cluster.crashPoint = null;
  cluster.start();
  cluster.runUntil(() => cluster.isWhole, 10_000, `${name}: whole again after ${process} ${nth}`);
  check(cluster, told, `${name}, ${process} dies at effect ${nth}`);
  return count;
}

function check(cluster: SimCluster, told: readonly Told[], where: string): void {
  expect(cluster.set('probe', '1').type, where).to.equal('ok');
  cluster.run(50);
  const [one, two] = cluster.participants.map(({ machine }) => {
    const { resolved, table } = machine?.state ?? {};
    return `${resolved?.txid} ${resolved?.chain} ${table?.digest()}`;
  });
  expect(one, where).to.equal(two);
  for (const key of new Set(told.map((each) => each.key))) {
    const own = told.filter((each) => each.key === key);
    const known = own.findLastIndex(isDone);
    const allowed = own.slice(Math.max(0, known)).filter((each) => !isDenied(each));
    const values = allowed.map((each) => each.value);
    expect(known < 0 ? [null, ...values] : values, where).to.include(cluster.get(key));
    for (const { reply } of own) if (reply?.type === 'count') expect(reply.count).to.equal(1);
  }
}

function isDone({ reply }: Told): boolean {
  return reply !== null && reply.type !== 'error';
}

/** Told that it certainly did not happen. */
function isDenied({ reply }: Told): boolean {
  return reply?.type === 'error' && reply.code !== 'UNKNOWN';
}

describe('a process that dies at any of its effects', function () {
  this.timeout(60_000);
  for (const name of Object.keys(PLAYS)) {
    for (const process of ['c', 'p1', 'p2']) {
      it(`loses nothing: ${name}, ${process}`, () => {
        const count = play(name, process, 0);
        expect(count).to.be.greaterThan(5);
        for (let nth = 1; nth <= count; nth += 1) play(name, process, nth);
      });
    }
  }
});
