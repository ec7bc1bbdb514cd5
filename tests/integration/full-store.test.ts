/**
 * A store that is full by `max_keys`: what fits no more is refused, everything else goes on, also
 * after a restart of everything.
 */
import { expect } from 'chai';
import { ask } from '../helpers/data-folders.js';
import { type Cluster, makeCluster } from '../helpers/processes.js';

const MAX_KEYS = 16;

describe('a store that holds as many keys as it may', function () {
  this.timeout(30_000);
  let cluster: Cluster;

  beforeEach(async () => {
    cluster = await makeCluster({ settings: { max_keys: MAX_KEYS } });
    await cluster.start();
  });

  const set = (key: string): Promise<string> => ask(cluster.coordinator, 'SET', key, `of ${key}`);

  /** What is stored counts twice until a participant has said so. */
  async function setWhenThereIsRoom(key: string): Promise<string> {
    for (;;) {
      const reply = await set(key);
      if (!reply.startsWith('-OOM ')) return reply;
    }
  }

  it('S49, H18: restarts after a kill of all, reads, refuses, deletes, and writes again', async () => {
    const keys = Array.from({ length: MAX_KEYS }, (_none, number) => `k${number}`);
    for (const key of keys) expect(await setWhenThereIsRoom(key), key).to.equal('OK');
    expect(await set('more')).to.match(/^-OOM /);
    await cluster.kill9();
    await cluster.start();
    for (const key of keys)
      expect(await ask(cluster.coordinator, 'GET', key)).to.equal(`of ${key}`);
    expect(await set('more')).to.match(/^-OOM /);
    expect(await ask(cluster.coordinator, 'DEL', 'k0', 'k1')).to.equal('2');
    expect(await setWhenThereIsRoom('more')).to.equal('OK');
    expect(await ask(cluster.coordinator, 'DBSIZE')).to.equal(String(MAX_KEYS - 1));
    expect(await ask(cluster.coordinator, 'GET', 'more')).to.equal('of more');
  });
});
