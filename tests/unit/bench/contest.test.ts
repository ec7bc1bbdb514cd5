/** Two systems under the same load: whose turn it is, and which runs count. */
import { expect } from 'chai';
import { contest, type Contender, type Measured } from '../../../bench/rows/contest.js';

describe('a contest', () => {
  const name = { row: 'set-50', title: 'SET' };

  /** Its requests a second are 1, 2, 3, … in the order of its turns. */
  function contender(label: string, turns: string[], rest: Partial<Measured> = {}): Contender {
    let count = 0;
    return {
      label,
      measure: async () => {
        turns.push(label);
        count += 1;
        return await Promise.resolve({ requestsPerSecond: count, p50Ms: 1, p99Ms: 2, ...rest });
      },
    };
  }

  it('takes turns, and counts neither of the first two rounds', async () => {
    const turns: string[] = [];
    const [ours, peer] = [contender('ours', turns), contender('peer', turns)];
    const [rate] = await contest(name, ours, peer, 3);
    expect(turns).to.deep.equal(Array.from({ length: 5 }, () => ['ours', 'peer']).flat());
    const counted = { median: 4, min: 3, max: 5, values: [3, 4, 5] };
    expect([rate?.ours, rate?.peer?.spread]).to.deep.equal([counted, counted]);
  });

  it('tells of the slowest of a thousand where the generator does', async () => {
    const measured = async (rest: Partial<Measured>): Promise<string[]> => {
      const [ours, peer] = [contender('ours', [], rest), contender('peer', [], rest)];
      const figures = await contest(name, ours, peer, 2);
      return figures.map(({ measure, ratio }) => `${measure} ${ratio?.median}`);
    };
    const always = ['requests/s 1', 'p50 ms 1', 'p99 ms 1'];
    expect(await measured({})).to.deep.equal(always);
    expect(await measured({ p999Ms: 5 })).to.deep.equal([...always, 'p99.9 ms 1']);
  });
});
