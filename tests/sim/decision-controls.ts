/**
 * Rules of who decides, from what, and how often a message counts, and how each is broken. Where
 * nothing durable depends on a rule at once, the observer's own check of it reports the violation.
 */
import type { Also, Control, Edit } from './controls.js';
import { GAPS_ACCEPTED } from './protocol-controls.js';

/** On each connection one of some messages comes twice, as if a link had kept it. */
const REPLAYING_LINK: Edit = {
  file: 'tests/helpers/memory-network.js',
  find: 'this.handOver(link, towards, item);',
  replace:
    'this.handOver(link, towards, item);\n' +
    "            const isCounted = ['prepare', 'vote', 'outcome', 'done'].includes(item.name);\n" +
    '            this.counted = (this.counted ?? 0) + (isCounted ? 1 : 0);\n' +
    '            if (isCounted && this.counted % 5 === 0 && end.open)' +
    ' this.handOver(link, towards, item);',
};

const REPLAYED = {
  what: 'a link that replays every fifth PREPARE, vote, outcome or `done`, harmless otherwise',
  isHarmless: true,
  edits: [REPLAYING_LINK],
} as const;

/**
 * Two participants and one fault: when something is committed of which the coordinator's record is
 * not synced, it loses power, one member loses the end of its log, and this happens to the other.
 */
function tornBesides(what: string, toOther: string): Also {
  return {
    what:
      'a plan in which of two members one loses the end of its log, the coordinator its power ' +
      `right after a commit, and the other one ${what}, which is harmless otherwise`,
    isHarmless: true,
    edits: [
      {
        file: 'tests/sim/options.js',
        find: 'const participants = pick(prng,',
        replace: 'const participants = 2 + 0 * pick(prng,',
      },
      {
        file: 'tests/sim/options.js',
        find: 'faults: drawFaults(prng, { isAlone: participants === 1, isScrubbed, isPatient }),',
        replace: "faults: [{ at: 500, name: 'tearLog', seed: seed }],",
      },
      {
        file: 'tests/sim/damage-faults.js',
        find: 'tearLog: () => {',
        replace: `tearLog: () => {
            const { coordinator } = cluster;
            const [one, other] = cluster.configured();
            const isDue = () => {
                const told = coordinator.machine?.core.toldTxid ?? 0;
                const gate = coordinator.machine?.core.gate;
                const state = other.machine?.state;
                return told > 9 && gate.synced < gate.appended && one.isRunning &&
                    state?.resolved.txid < told && state.lastPrepared >= told;
            };
            faults.when(isDue, 5000, () => {
                coordinator.crash('powerCut');
                tear(faults, one, 100);
                ${toOther}
                one.start();
                coordinator.start();
            });
            if (one !== null) return 'planned';`,
      },
    ],
  };
}

export const DECISION_CONTROLS: readonly Control[] = [
  {
    name: 'no-not-sticky',
    rule: 'A NO sticks to everything behind it until the ABORT is logged',
    edits: [
      {
        file: 'src/participant/transactions.js',
        find: 'if (core.refusedTxid !== 0 && message.txid >= core.refusedTxid) {',
        replace: 'if (core.refusedTxid !== 0 && message.txid === core.refusedTxid) {',
      },
      {
        file: 'src/participant/transactions.js',
        find: 'const refused = core.refusedTxid !== 0 && message.txid >= core.refusedTxid;',
        replace: 'const refused = core.refusedTxid !== 0 && message.txid === core.refusedTxid;',
      },
    ],
    also: {
      what: 'the refusal of a gap, in which nothing else is wrong',
      edits: GAPS_ACCEPTED,
    },
  },
  {
    name: 'refuser-stays',
    rule: 'Who refuses what others commit leaves the view first',
    edits: [
      {
        file: 'src/coordinator/transactions.js',
        find: 'if (votes.every((vote) => vote?.yes === true)) {',
        replace: 'if (votes.some((vote) => vote?.yes === true)) {',
      },
    ],
  },
  {
    name: 'view-sent-early',
    rule: 'A view is synced at the coordinator before it is sent',
    edits: [
      {
        file: 'src/coordinator/membership.js',
        find: 'core.gate.whenSynced(() => {',
        replace: '((run) => run())(() => {',
      },
    ],
  },
  {
    name: 'decided-while-changing',
    rule: 'Nothing is decided before the newest view is installed',
    edits: [
      {
        file: 'src/coordinator/transactions.js',
        find: 'if (membership.isChanging)\n                break;\n            const members = membership.installed?.members ?? [];',
        replace: 'const members = membership.latest?.members ?? [];',
      },
    ],
  },
  {
    name: 'view-number-reused',
    rule: 'No number of a view is used twice',
    edits: [
      {
        file: 'src/coordinator/membership.js',
        find: 'number: this.highestNumber + 1,',
        replace: 'number: Math.max(1, this.highestNumber),',
      },
    ],
  },
  {
    name: 'log-behind-ignored',
    rule: 'Nothing is begun while the log of the coordinator is behind',
    edits: [
      {
        file: 'src/coordinator/core.js',
        find: 'const unsynced = this.gate.appended - this.gate.synced;',
        replace: 'const unsynced = 0;',
      },
    ],
    also: {
      what: 'a sync of the coordinator that takes three seconds, which is harmless otherwise',
      isHarmless: true,
      edits: [
        {
          file: 'tests/sim/coordinator-process.js',
          find: 'this.shell.start();',
          replace:
            'this.shell.start();\n' +
            '        const stall = () => {\n' +
            '            const { disk } = this;\n' +
            '            const usual = disk.syncMs;\n' +
            '            disk.syncMs = 3000;\n' +
            '            world.after(100, () => { disk.syncMs = usual; });\n' +
            '        };\n' +
            '        if (life === 1) world.after(800, stall);',
        },
      ],
    },
  },
  {
    name: 'cut-log-decides',
    rule: 'A single member with a cut log does not decide while others are left out',
    edits: [
      {
        file: 'src/coordinator/verdicts.js',
        find: 'const needsEverybody = deciders.length === 1 && only !== undefined && only.tailFrom > 0;',
        replace: 'const needsEverybody = only === null;',
      },
    ],
    also: tornBesides(
      'is away',
      'other.crash("killed"); faults.later(1, () => other.start(), 5000);',
    ),
  },
  {
    name: 'damaged-holder-ignored',
    rule: 'What is prepared at a damaged member counts',
    edits: [
      {
        file: 'src/coordinator/verdicts.js',
        find: 'const holders = statuses.filter((status) => !status.empty);',
        replace: 'const holders = statuses.filter((status) => !status.empty && status.fit);',
      },
    ],
    also: tornBesides('finds its memory damaged', 'other.machine.core.declareUnfit();'),
  },
  {
    name: 'prepare-taken-twice',
    rule: 'A PREPARE that comes again is the same one',
    edits: [
      {
        file: 'src/participant/transactions.js',
        find: 'if (held !== undefined && held.record.epoch === message.epoch) {',
        replace: 'if (false) {',
      },
      {
        file: 'src/participant/transactions.js',
        find: 'if (message.txid !== state.lastPrepared + 1) {',
        replace: 'if (message.txid > state.lastPrepared + 1) {',
      },
      {
        file: 'src/participant/state.js',
        find: "assert(transaction.record.txid === this.lastPrepared + 1, 'prepares are contiguous');",
        replace: '',
      },
      {
        file: 'src/participant/state.js',
        find: "assert(head.record.txid === txid && head.record.epoch === epoch, 'commits go in txid order');",
        replace: '',
      },
    ],
    also: REPLAYED,
  },
  {
    name: 'votes-counted',
    rule: 'A vote counts once: members are asked for, not votes',
    edits: [
      {
        file: 'src/coordinator/transactions.js',
        find: "tx.votes.set(peer.storeId, { yes: message.vote === 'yes', reason: message.reason });",
        replace:
          'tx.told = (tx.told ?? 0) + 1;\n' +
          "        tx.votes.set(peer.storeId, { yes: message.vote === 'yes', reason: message.reason });",
      },
      {
        file: 'src/coordinator/transactions.js',
        find: 'if (votes.some((vote) => vote === undefined))',
        replace: 'if ((tx.told ?? 0) < members.length && votes.some((vote) => vote === undefined))',
      },
      {
        file: 'src/coordinator/transactions.js',
        find: 'if (votes.every((vote) => vote?.yes === true)) {',
        replace: 'if (votes.every((vote) => vote?.yes !== false)) {',
      },
    ],
    also: REPLAYED,
  },
  {
    name: 'digests-not-compared',
    rule: 'Members are compared by digest at equal txids',
    edits: [
      {
        file: 'src/coordinator/agreement.js',
        find: 'if (votes.size <= 1)',
        replace: 'if (votes.size >= 0)',
      },
    ],
    also: {
      what:
        'a second member of three or more that stores another value of its own with its fifth ' +
        'commit, which is outvoted otherwise',
      isHarmless: true,
      edits: [
        {
          file: 'tests/sim/participant-process.js',
          find: 'this.shell = shell;',
          replace:
            'this.shell = shell;\n' +
            "        if (this.name === 'p2:1' && life === 1 && wire.processes.size > 3) {\n" +
            '            const { state } = machine;\n' +
            '            const commit = state.commit.bind(state);\n' +
            '            let count = 0;\n' +
            '            state.commit = (epoch, txid) => {\n' +
            '                const results = commit(epoch, txid);\n' +
            '                count += 1;\n' +
            "                if (count === 5) state.table.set('cold0', Buffer.from('another'));\n" +
            '                return results;\n' +
            '            };\n' +
            '        }',
        },
      ],
    },
  },
];
