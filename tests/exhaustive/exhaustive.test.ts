/**
 * Small clusters, explored as a graph in which every state is visited once. The larger cases are
 * `main.js`'s; here are those that take seconds, and what the exploration itself rests on: that
 * states which are taken for equal are, that the orders which are left out lead nowhere else, and
 * that a rule which is switched off is found out.
 */
import { expect } from 'chai';
import { QUICK_CASES, figures, namedCase } from './cases.js';
import { type Result, Exploration } from './explore.js';
import { checkSoundness } from './soundness.js';

function expectClean(result: Result): void {
  const found = result.violation;
  expect(found === null ? '' : [found.what, ...found.path].join('\n')).to.equal('');
  expect(result.stalledPath.join('\n')).to.equal('');
  expect(result.ends).to.be.greaterThan(0);
}

describe('all states of a small cluster', function () {
  this.timeout(60_000);

  for (const each of QUICK_CASES) {
    it(`keep the rules: ${each.name}`, () => {
      const result = new Exploration(each).run();
      expectClean(result);
      expect(result.states, figures(result)).to.be.greaterThan(40);
    });
  }

  it('are the same at rest, whenever the end of a connection is heard that was left behind', () => {
    const bound = namedCase(1, 2, 1);
    const reduced = new Exploration(bound);
    const all = new Exploration({ ...bound, isReduced: false });
    const states = [reduced, all].map((exploration) => {
      const result = exploration.run();
      expectClean(result);
      return result.states;
    });
    expect(states[0]).to.be.lessThan(states[1] ?? 0);
    expect(reduced.endTexts()).to.deep.equal(all.endTexts());
  });

  it('behave alike where they are taken for equal', () => {
    const exploration = new Exploration(namedCase(1, 2, 1));
    exploration.run();
    for (const automaton of [exploration.coordinator, ...exploration.participants]) {
      const { compared, differences } = checkSoundness(automaton, 2);
      expect(differences).to.deep.equal([]);
      expect(compared).to.be.greaterThan(100);
    }
  });
});

describe('the exploration', function () {
  this.timeout(60_000);

  it('finds a vote that leaves before its record is durable', () => {
    const sabotage = { openGate: 'participant', isBlind: false } as const;
    const { violation } = new Exploration(namedCase(1, 2, 1), sabotage).run();
    expect(violation?.what).to.match(/p\d takes prepare 1:1 view 1: p\d votes YES on 1:1, which/);
  });

  it('finds what comes of such a vote, without a look at messages', () => {
    const sabotage = { openGate: 'participant', isBlind: true } as const;
    const { violation } = new Exploration(namedCase(1, 2, 1), sabotage).run();
    expect(violation?.what).to.match(/^p\d is a member and lacks an acknowledged write$/);
    expect(violation?.path.join('\n')).to.match(/takes prepare 1:1[^]*takes vote 1:1 yes/);
  });

  it('finds an outcome that is told before it is durable', () => {
    const sabotage = { openGate: 'coordinator', isBlind: false } as const;
    const { violation } = new Exploration(namedCase(1, 2, 1), sabotage).run();
    expect(violation?.what).to.match(/the outcome of 1:1 is told before it is synced$/);
  });

  it('finds what comes of promises of a coordinator that are not durable', () => {
    const sabotage = { openGate: 'coordinator', isBlind: true } as const;
    const { violation } = new Exploration(namedCase(1, 2, 1), sabotage).run();
    expect(violation?.what).to.match(/^p\d is a member and lacks an acknowledged write$/);
    expect(violation?.path.join('\n')).to.match(/dies[^]*900 ms pass[^]*takes viewed 2/);
  });
});
