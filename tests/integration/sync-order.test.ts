/**
 * Persist before you promise, seen from outside: traces of real processes show that no vote, no
 * outcome, no acknowledgement and no reply leaves before the sync that it depends on has returned.
 * That the check can fail is shown on traces with two lines exchanged, and on a build that votes
 * early.
 */
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { COORDINATOR, ROLE_NAMES } from '../chaos/chaos-cluster.js';
import { checkCoordinatorTrace, checkParticipantTrace } from '../chaos/sync-order.js';
import type { SyncOrder } from '../chaos/sync-order.js';
import type { Check } from '../chaos/durable-facts.js';
import type { SystemCall } from '../chaos/strace-lines.js';
import { traceCluster, type Traces } from '../chaos/traced-run.js';
import { PARTICIPANT_SETTINGS, write, writeThroughFaults } from '../chaos/traced-work.js';
import { PROJECT_ROOT } from '../helpers/project-root.js';
import { needs } from '../helpers/tools.js';
import { brokenFiles } from '../sim/controls.js';
import { PROTOCOL_CONTROLS } from '../sim/protocol-controls.js';

const PARTICIPANTS = ROLE_NAMES.filter((name) => name !== COORDINATOR);
const COORDINATOR_RULES = [
  ...['fence', 'view', 'prepare', 'outcome', 'outcome after a restart'],
  ...['reply to a client', 'error to a client', 'commit record'],
];
const MEMBER_RULES = [
  ...['status', 'fenced', 'viewed', 'vote', 'done', 'done of an abort', 'pong', 'pieced'],
];
/** Of a donor and of who comes back. */
const REJOIN_RULES = ['delta', 'caughtUp'];
const EARLY_VOTE = PROTOCOL_CONTROLS.find(({ name }) => name === 'vote-before-sync');

function check(name: string, trace: readonly SystemCall[]): SyncOrder {
  return name === COORDINATOR ? checkCoordinatorTrace(trace) : checkParticipantTrace(trace);
}

function rulesIn(checks: readonly Check[]): string[] {
  return [...new Set(checks.map(({ rule }) => rule))].sort();
}

/** The trace as it would be, had this message left when its sync returned, and the other way. */
function exchanged(trace: readonly SystemCall[], { leftAt, durableAt }: Check): SystemCall[] {
  const lineOf = (at: number): number => {
    if (at === leftAt) return durableAt;
    return at === durableAt ? leftAt : at;
  };
  return trace
    .map((call) => {
      const { enteredAt, returnedAt } = call;
      return { ...call, enteredAt: lineOf(enteredAt), returnedAt: lineOf(returnedAt) };
    })
    .sort((a, b) => a.returnedAt - b.returnedAt);
}

/** A copy of the compiled program in which votes do not wait for the disk. */
function buildThatVotesEarly(): string {
  if (EARLY_VOTE === undefined) throw new Error('that rule is broken under another name');
  const source = join(import.meta.dirname, '..', '..', 'src');
  const folder = mkdtempSync(join(tmpdir(), 'kv2pc-early-'));
  cpSync(source, join(folder, 'src'), { recursive: true });
  cpSync(join(PROJECT_ROOT, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(PROJECT_ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const [file, text] of brokenFiles(EARLY_VOTE)) writeFileSync(join(folder, file), text);
  return folder;
}

describe('the order of syncs and promises in a real run', function () {
  this.timeout(90_000);
  let traces: Traces = new Map();
  let acknowledged = 0;

  before(async function () {
    needs('strace', this);
    traces = await traceCluster({
      work: async (traced) => {
        acknowledged = await writeThroughFaults(traced);
      },
      participantSettings: PARTICIPANT_SETTINGS,
    });
  });

  const traceOf = (name: string): readonly SystemCall[] => traces.get(name) ?? [];

  it('lets nothing leave the coordinator before its sync', () => {
    const { checks, violations } = checkCoordinatorTrace(traceOf(COORDINATOR));
    expect(violations).to.deep.equal([]);
    expect(rulesIn(checks)).to.deep.equal([...COORDINATOR_RULES].sort());
    const replies = checks.filter(({ rule }) => rule === 'reply to a client');
    expect(replies).to.have.length(acknowledged);
  });

  it('lets nothing leave a participant before its sync', () => {
    const all: Check[] = [];
    for (const name of PARTICIPANTS) {
      const { checks, violations } = checkParticipantTrace(traceOf(name));
      expect(violations, name).to.deep.equal([]);
      expect(rulesIn(checks), name).to.include.members(MEMBER_RULES);
      all.push(...checks);
    }
    expect(rulesIn(all)).to.deep.equal([...MEMBER_RULES, ...REJOIN_RULES].sort());
  });

  it('finds each kind of message that left a moment too early', () => {
    for (const name of ROLE_NAMES) {
      const { checks } = check(name, traceOf(name));
      for (const rule of rulesIn(checks)) {
        const victim = nearest(checks.filter((each) => each.rule === rule));
        const planted = exchanged(traceOf(name), victim);
        const found = check(name, planted).violations.join('\n');
        expect(found, `${name}: ${rule}`).to.match(new RegExp(`^${rule} left`, 'm'));
      }
    }
  });

  it('finds a participant that votes before its disk has answered', async () => {
    const folder = buildThatVotesEarly();
    try {
      const early = await traceCluster({ work: write, main: join(folder, 'src', 'main.js') });
      const { violations } = checkParticipantTrace(early.get('participant1') ?? []);
      expect(violations.join('\n')).to.match(/^vote left/m);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** The one that left soonest after its sync: little else changes with it. */
function nearest(checks: readonly Check[]): Check {
  const [first] = [...checks].sort((a, b) => a.leftAt - a.durableAt - (b.leftAt - b.durableAt));
  if (first === undefined) throw new Error('no such message');
  return first;
}
