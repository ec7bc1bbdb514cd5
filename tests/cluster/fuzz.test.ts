import { expect } from 'chai';
import { fuzz } from './fuzz.js';

/**
 * Fixed seeds of the fuzzed cluster. `FUZZ_SEED=n` replays one seed with its whole transcript,
 * `FUZZ_COUNT=n` and `FUZZ_FROM=n` hunt further.
 */
const FROM = Number(process.env['FUZZ_FROM'] ?? 1);
const COUNT = Number(process.env['FUZZ_COUNT'] ?? 60);
const ONLY = process.env['FUZZ_SEED'];
/** Seeds a test, so that a failure names few and progress shows. */
const GROUP = 15;
const SAFETY_MS = 6000;

function complaints(seed: number): string[] {
  const { violations, faults } = fuzz(seed, { safetyMs: SAFETY_MS });
  if (violations.length === 0) return [];
  return [
    `seed ${seed}: ${violations.slice(0, 5).join('; ')}`,
    `  faults: ${faults.join(', ')}`,
    `  replay: npm run build && FUZZ_SEED=${seed} npx mocha dist/tests/cluster/fuzz.test.js`,
  ];
}

describe('a fuzzed cluster', function () {
  this.timeout(120_000);

  if (ONLY !== undefined) {
    it(`replays seed ${ONLY}`, () => {
      const result = fuzz(Number(ONLY), { isTraced: true, safetyMs: SAFETY_MS });
      console.log(result.transcript.join('\n'));
      expect(result.violations.join('\n')).to.equal('');
    });
    return;
  }

  for (let first = FROM; first < FROM + COUNT; first += GROUP) {
    const last = Math.min(first + GROUP, FROM + COUNT) - 1;
    it(`keeps its promises with seeds ${first} to ${last}`, () => {
      const found: string[] = [];
      for (let seed = first; seed <= last; seed += 1) found.push(...complaints(seed));
      expect(found.join('\n')).to.equal('');
    });
  }

  it('does the same again for the same seed', () => {
    const [one, two] = [1, 2].map(() => fuzz(FROM, { isTraced: true, safetyMs: 2000 }));
    expect(one?.transcript).to.deep.equal(two?.transcript);
    expect(one?.acknowledged).to.be.greaterThan(0);
  });
});
