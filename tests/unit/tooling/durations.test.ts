/** What the test command says of its own time. */
import { expect } from 'chai';
import { durationLines } from '../../helpers/durations.js';

const FAST = { searchSeconds: 119.6, allSeconds: 480 };
const SLOW = { searchSeconds: 121, allSeconds: 555.4 };

describe('the time of the test command', () => {
  it('is said of the search and of everything', () => {
    const line = 'the search took 2 min 0 s, all tests together 8 min 0 s';
    for (const warns of [true, false]) {
      expect(durationLines(FAST, warns)).to.deep.equal([line]);
    }
  });

  it('is warned of beyond two and beyond eight minutes, where tools are required', () => {
    expect(durationLines(SLOW, false)).to.have.length(1);
    expect(durationLines(SLOW, true)).to.deep.equal([
      'the search took 2 min 1 s, all tests together 9 min 15 s',
      'WARNING: the search took 2 min 1 s, which is more than 2 min 0 s',
      'WARNING: the test command took 9 min 15 s, which is more than 8 min 0 s',
    ]);
    expect(durationLines({ ...FAST, searchSeconds: 121 }, true)).to.have.length(2);
    expect(durationLines({ ...FAST, allSeconds: 481 }, true)).to.have.length(2);
  });
});
