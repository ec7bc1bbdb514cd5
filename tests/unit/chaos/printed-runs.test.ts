/** Adding up chaos runs from what they printed, by the JSON line or by the lines for people. */
import { expect } from 'chai';
import type { RunFigures } from '../../chaos/figures.js';
import { runsIn } from '../../chaos/printed-runs.js';
import { kindsTable, runsTable } from '../../chaos/tables.js';

/** As a run printed before it told figures to programs. */
const OLD = `chaos: seed 501, 20 minutes, /tmp/kv2pc-chaos-OYQFWk
   1.97  cut of participant1 -> coordinator, 1.0 s
   3.89  healed; whole after 0.8 s; 0 requests refused

operations                         2500
acknowledged writes                1300
unknown outcomes                   11
refused writes                     7
refused reads                      2
  with MISCONF                     9, the first: MISCONF not executed: every participant refused
stops that a failed disk explains  4
faults                             9
  failing sync                     5; longest time without a write 1.30 s; refused 2
  restart of all                   4; longest time without a write 5.43 s; refused 0
skipped                            clock jump (faketime is not installed)
violations                         0
again: npm run chaos -- --minutes 20 --seed 501
`;

const OF_OLD: RunFigures = {
  seed: 501,
  minutes: 20,
  operations: 2500,
  acknowledged: 1300,
  unknown: 11,
  failStops: 4,
  violations: 0,
  kinds: {
    'failing sync': { begun: 5, struck: null, longestMs: 1300, refused: 2 },
    'restart of all': { begun: 4, struck: 4, longestMs: 5430, refused: 0 },
  },
};

const OF_NEW: RunFigures = {
  ...OF_OLD,
  seed: 502,
  minutes: 2,
  kinds: {
    'failing sync': { begun: 6, struck: 4, longestMs: 1301.25, refused: 2 },
    'restart of all': { begun: 4, struck: 4, longestMs: 5430.9, refused: 0 },
  },
};

const NEW = `${OLD.replaceAll('501', '502')
  .replace('20 minutes', '2 minutes')
  .replace('--minutes 20', '--minutes 2')
  .replace('5; longest', '6, of which 4 struck; longest')
  .replace('4; longest', '4, of which 4 struck; longest')}${JSON.stringify(OF_NEW)}\n`;

describe('what chaos runs printed', () => {
  it('is read from the lines for people, which do not tell what a tracer struck', () => {
    expect(runsIn(OLD)).to.deep.equal([OF_OLD]);
  });

  it('is read from the JSON line where there is one, once', () => {
    expect(runsIn(NEW)).to.deep.equal([OF_NEW]);
    expect(runsIn(`${OLD}${NEW}`)).to.deep.equal([OF_OLD, OF_NEW]);
  });

  it('is of no use where the two ends of a report differ', () => {
    expect(() => runsIn(NEW.replace('"begun":6', '"begun":7'))).to.throw('seed 502 differ');
    expect(() => runsIn(NEW.replace('"violations":0', '"violations":1'))).to.throw('differ');
  });

  it('is of no use without the end of a run', () => {
    const cut = OLD.slice(0, OLD.indexOf('operations'));
    expect(() => runsIn(cut)).to.throw('no report');
    expect(() => runsIn(`${OLD}${cut}`)).to.throw('2 runs began in it, 1 ended');
    expect(() => runsIn('')).to.throw('no report');
  });

  it('is of no use where a figure is missing', () => {
    expect(() => runsIn(OLD.replace(/^violations.*\n/m, ''))).to.throw('does not tell: violations');
  });
});

describe('the tables of chaos runs', () => {
  it('tell what struck from what was only armed, and from what nobody told', () => {
    expect(kindsTable([OF_OLD, OF_NEW]).split('\n').slice(2)).to.deep.equal([
      '| failing sync | 11 | 4 | 2 | 5 | 1.3 s | 4 |',
      '| restart of all | 8 | 8 | 0 | 0 | 5.4 s | 0 |',
    ]);
  });

  it('have a row a run and one for all', () => {
    expect(runsTable([OF_OLD, OF_NEW]).split('\n').slice(2)).to.deep.equal([
      '| 501 | 20 | 2,500 | 1,300 | 11 | 9 | 4 | 0 |',
      '| 502 | 2 | 2,500 | 1,300 | 11 | 10 | 4 | 0 |',
      '| all | 22 | 5,000 | 2,600 | 22 | 19 | 8 | 0 |',
    ]);
  });
});
