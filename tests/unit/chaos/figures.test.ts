/** What a chaos run amounts to: figures by kind of fault, and what of a fault took effect. */
import { expect } from 'chai';
import { figuresByKind } from '../../chaos/figures.js';
import { failedCallsIn } from '../../chaos/injection.js';

describe('the figures of a chaos run', () => {
  const episodes = [
    { kinds: ['kill'], from: 100, to: 200 },
    { kinds: ['pause', 'kill'], from: 500, to: 900 },
  ] as const;

  it('are of those kinds that were begun', () => {
    const tallies = new Map([['pause', { begun: 3, struck: 2 }]] as const);
    const figures = figuresByKind(tallies, { acknowledgedAt: [], refusedAt: [], episodes });
    expect(figures).to.deep.equal({ pause: { begun: 3, struck: 2, longestMs: 0, refused: 0 } });
  });

  it('count as without service only what touches a fault of the kind', () => {
    const tallies = new Map([
      ['pause', { begun: 1, struck: 1 }],
      ['kill', { begun: 2, struck: 2 }],
    ] as const);
    const acknowledgedAt = [90, 190, 210, 480, 600, 850, 860, 1400];
    const figures = figuresByKind(tallies, { acknowledgedAt, refusedAt: [], episodes });
    // From 210 to 480 nothing was wrong; at 860 the second fault still was there.
    expect(figures.pause?.longestMs).to.equal(540);
    const early = figuresByKind(tallies, {
      acknowledgedAt: [90, 190, 210, 480],
      refusedAt: [],
      episodes,
    });
    expect(early.kill?.longestMs).to.equal(100);
    expect(early.pause?.longestMs).to.equal(0);
  });

  it('count the requests that were refused meanwhile, the first and last moment included', () => {
    const tallies = new Map([
      ['pause', { begun: 1, struck: 1 }],
      ['kill', { begun: 2, struck: 2 }],
    ] as const);
    const refusedAt = [50, 100, 200, 201, 500, 700, 901];
    const figures = figuresByKind(tallies, { acknowledgedAt: [], refusedAt, episodes });
    expect(figures.kill?.refused).to.equal(4);
    expect(figures.pause?.refused).to.equal(2);
  });
});

describe('the calls that a tracer made to fail', () => {
  it('are counted by its words, on one line or two', () => {
    const trace = [
      '4021  fdatasync(18)                     = 0',
      '4021  fdatasync(18)                     = -1 EIO (Input/output error) (INJECTED)',
      '4022  fdatasync(18 <unfinished ...>',
      '4022  <... fdatasync resumed>)          = -1 EIO (Input/output error) (INJECTED)',
      '4023  write(18, "x", 1)                 = 0 (INJECTED)',
      '4023  write(18, "x", 1)                 = 1',
      '4021  +++ exited with 1 +++',
    ];
    expect(failedCallsIn(trace.join('\n'))).to.equal(3);
  });

  it('are none where the n-th call never came', () => {
    expect(
      failedCallsIn('4021  fdatasync(18)  = 0\n4021  fdatasync(18)  = 0 (DELAYED)\n'),
    ).to.equal(0);
    expect(failedCallsIn('')).to.equal(0);
  });
});
