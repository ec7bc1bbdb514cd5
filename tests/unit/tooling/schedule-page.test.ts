/** What is missed in a row: a name of no test, and a test of its number that has no name there. */
import { expect } from 'chai';
import {
  FAULT_KINDS,
  type Nameable,
  problem,
  rowsOf,
  unnamed,
} from '../../helpers/schedule-page.js';

const TEST = 'tests/unit/a.test.ts';
const TRANSCRIPT = 'tests/scenarios/a.txt';
const UNNUMBERED = 'tests/scenarios/b.txt';
const PLAN = 'tests/sim/corpus/a.json';

const NAMEABLES: readonly Nameable[] = [
  { path: TEST, titles: ['S4, H17: at every operation', 'has no number'], numbers: [] },
  { path: TRANSCRIPT, titles: null, numbers: ['S4', 'H2'] },
  { path: UNNUMBERED, titles: null, numbers: [] },
  { path: PLAN, titles: null, numbers: [] },
  { path: FAULT_KINDS, titles: ['kill', 'pause'], numbers: [] },
];
const BY_PATH = new Map(NAMEABLES.map((each) => [each.path, each]));

function row(number: string, ...tests: readonly string[]): string {
  return `| ${number} | Something goes wrong. | ${tests.join('; ')} |`;
}

describe('a name in a row of the schedules', () => {
  const right = [
    `\`${TEST}\` “S4, H17: at every”`,
    `\`${TEST}\` “has no number”`,
    `\`${TRANSCRIPT}\``,
    `\`${PLAN}\``,
    `\`${FAULT_KINDS}\` “kill”`,
  ];
  for (const reference of right) {
    it(`is right: ${reference}`, () => {
      expect(problem('S4', reference, BY_PATH)).to.equal(null);
    });
  }

  const wrong: [reference: string, why: string][] = [
    [TEST, 'is no `file`'],
    ['`tests/unit/absent.test.ts` “has no number”', 'no such file'],
    [`\`${TEST}\``, 'names no test'],
    [`\`${TEST}\` “has no”`, 'names no test'],
    [`\`${TEST}\` “at every operation”`, 'no test that is run'],
    [`\`${UNNUMBERED}\``, 'does not open with S4'],
    [`\`${FAULT_KINDS}\` “kil”`, 'no test that is run'],
    [`\`${FAULT_KINDS}\``, 'names no test'],
  ];
  for (const [reference, why] of wrong) {
    it(`is wrong: ${reference}`, () => {
      expect(problem('S4', reference, BY_PATH)).to.include(why);
    });
  }

  it('is wrong where the transcript is about another schedule', () => {
    expect(problem('S5', `\`${TRANSCRIPT}\``, BY_PATH)).to.include('does not open with S5');
  });
});

describe('a test that bears the number of a schedule', () => {
  const operation = `\`${TEST}\` “S4, H17: at every”`;

  it('is named in the row of each of its numbers', () => {
    const rows = [
      row('S4', operation, `\`${TRANSCRIPT}\``),
      row('H2', `\`${TRANSCRIPT}\``),
      row('H17', operation),
    ];
    expect(unnamed(rowsOf(rows.join('\n')), NAMEABLES)).to.deep.equal([]);
  });

  it('is missed in each where it is not', () => {
    const rows = [row('S4', `\`${TEST}\` “has no number”`), row('H2', operation)];
    expect(unnamed(rowsOf(rows.join('\n')), NAMEABLES)).to.deep.equal([
      `S4 does not name \`${TEST}\` “S4, H17: at every operation”`,
      `H17 does not name \`${TEST}\` “S4, H17: at every operation”`,
      `S4 does not name \`${TRANSCRIPT}\``,
      `H2 does not name \`${TRANSCRIPT}\``,
    ]);
  });
});
