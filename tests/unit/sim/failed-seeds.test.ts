/** Each seed that failed in a hunt is told and kept; so many of them are made smaller. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { keptPlans } from '../../sim/corpus.js';
import { MAX_SHRUNK, MAX_TOLD, tellFailed } from '../../sim/failed-seeds.js';
import { drawOptions, type SimOptions } from '../../sim/options.js';
import { outcomeOf } from './planted-failure.js';

const FAILED = Array.from({ length: MAX_TOLD + 2 }, (_none, index) => 100 + index);

describe('the seeds that failed in a hunt', () => {
  let folder = '';
  const lines: string[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'failed-seeds-'));
    const failures = FAILED.map((seed) => ({ seed, ...outcomeOf(true) }));
    const isFailing = ({ clients }: SimOptions): boolean => clients >= 2;
    await tellFailed(failures, {
      print: (line) => lines.push(line),
      run: (plan) => Promise.resolve(outcomeOf(isFailing(plan))),
      folder,
    });
  });

  after(() => {
    rmSync(folder, { recursive: true });
  });

  it('are told with their options, the command that repeats them and their files', () => {
    const text = lines.join('\n');
    for (const seed of FAILED.slice(0, MAX_TOLD)) {
      expect(text).to.include(`seed ${seed} FAILED: planted`);
      expect(text).to.include(`options ${JSON.stringify(drawOptions(seed))}`);
      expect(lines).to.include(`  replay: npm run sim -- --seed ${seed} --trace`);
      expect(text).to.match(new RegExp(`kept: \\S*/${seed}\\.json; into the corpus: npm run sim`));
    }
    expect(text).to.not.include(`seed ${FAILED[MAX_TOLD]} FAILED`);
    expect(lines.at(-1)).to.match(/^and 2 more, kept in /);
  });

  it('are all kept, the first ones as the smallest plan that fails', () => {
    const plans = keptPlans(folder);
    expect(plans.map(({ options }) => options.seed)).to.deep.equal(FAILED);
    for (const [index, { note, options }] of plans.entries()) {
      const isShrunk = index < MAX_SHRUNK;
      const whole = drawOptions(options.seed);
      expect(options).to.deep.equal(isShrunk ? { ...whole, clients: 2, faults: [] } : whole);
      expect(note.showed).to.equal('planted');
    }
  });

  it('have the command that repeats the smallest', () => {
    const commands = lines.filter((line) => / --clients 2 --trace$/.test(line));
    expect(commands).to.have.length(MAX_SHRUNK);
    const [first = ''] = commands;
    expect(first).to.match(/^ {2}replay: npm run sim -- --seed 100 --without [\d,]+ --clients 2/);
  });
});
