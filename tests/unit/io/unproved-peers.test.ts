import { expect } from 'chai';
import { EventEmitter, once } from 'node:events';
import { UnprovedPeers } from '../../../src/io/unproved-peers.js';

describe('io/unproved-peers', () => {
  function peersOf(limit: number, patienceMs: number) {
    const ended: string[] = [];
    const events = new EventEmitter();
    const peer = (name: string) => ({
      end: (reason: string): void => {
        ended.push(`${name}: ${reason}`);
        events.emit('ended');
      },
    });
    return { peers: new UnprovedPeers(limit, patienceMs), ended, events, peer };
  }

  it('ends the oldest when there is one too many, and none that was removed', () => {
    const { peers, ended, peer } = peersOf(2, 60_000);
    const all = ['a', 'b', 'c', 'd', 'e'].map(peer);
    const [first, second] = all;
    for (const each of [first, second]) if (each !== undefined) peers.add(each);
    if (first !== undefined) peers.remove(first);
    for (const each of all.slice(2)) peers.add(each);
    expect(ended).to.deep.equal([
      'b: too many peers have not proved themselves',
      'c: too many peers have not proved themselves',
    ]);
    for (const each of all) peers.remove(each);
  });

  it('ends each when its time is over, once', async () => {
    const { peers, ended, events, peer } = peersOf(9, 20);
    const [late, proved] = [peer('late'), peer('proved')];
    peers.add(proved);
    peers.add(late);
    peers.remove(proved);
    await once(events, 'ended');
    expect(ended).to.deep.equal(['late: no proof within 20 ms']);
  });
});
