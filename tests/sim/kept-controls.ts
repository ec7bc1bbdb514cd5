/**
 * Rules that a kept plan guards and no hunt is asked to notice: they are too rare for a few hundred
 * seeds, or the simulator's own. Each is broken for its plan alone (`corpus.test.ts`).
 */
import { CONTROLS } from './control-list.js';
import type { Control, Edit } from './controls.js';

const NO_LEAP: Edit = {
  file: 'src/coordinator/inquiry.js',
  find: 'WITHOUT_LOG_EPOCH_STEP = 100',
  replace: 'WITHOUT_LOG_EPOCH_STEP = 1',
};

const DEBTS_OVERLOOKED: Edit = {
  file: 'tests/sim/faults.js',
  find: 'isAnyRefusing || this.cluster.coordinator.isOwedForLong',
  replace: 'isAnyRefusing',
};

export const KEPT_CONTROLS: readonly Control[] = [
  {
    name: 'outsider-bound-ahead',
    rule: 'A recovery binds participants outside the view only once its members are bound',
    edits: [
      {
        file: 'src/coordinator/fences.js',
        find: "if (turn !== 'members' || storeId === null)",
        replace: 'if (true)',
      },
    ],
    also: { what: 'the epochs that a start without log leaves out', edits: [NO_LEAP] },
  },
  {
    name: 'one-above-a-lost-log',
    rule: 'A start without log leaves room for epochs of starts with log that nobody tells of',
    edits: [NO_LEAP],
  },
  {
    name: 'unconfigured-unsaid',
    rule: 'A recovery says of whom it needs that it is not configured',
    edits: [
      {
        file: 'src/coordinator/inquiry.js',
        find: "isConfigured ? '' : ', which is not configured'",
        replace: "''",
      },
    ],
  },
  {
    name: 'set-aside-not-lost',
    rule: "The simulator's own: a folder that was set aside is lost",
    edits: [{ file: 'tests/sim/supervisor.js', find: 'replaced.add(process);', replace: '' }],
  },
  {
    name: 'store-of-a-lost-log-restored',
    rule: "The simulator's own: no store that is no more is restored whose epoch no log knows",
    edits: [
      {
        file: 'tests/sim/damage-faults.js',
        find: 'return isReplaced && ',
        replace: 'return false && ',
      },
    ],
  },
  {
    name: 'cut-log-must-decide',
    rule: "The simulator's own: a second coordinator does not come back, so a cut log decides nothing",
    edits: [
      {
        file: 'tests/sim/run.js',
        find: 'cluster.second !== null && ONLY_DECIDER_CUT',
        replace: 'false && ONLY_DECIDER_CUT',
      },
    ],
  },
  {
    name: 'debt-unnoticed-yet',
    rule: "The simulator's own: no folder is lost while a member owes an answer for long",
    edits: [DEBTS_OVERLOOKED],
  },
  {
    name: 'preamble-between-turns',
    rule: "The simulator's own: the shell begins a checkpoint, as in a process",
    edits: [
      {
        file: 'tests/sim/damage-faults.js',
        find: 'process.askForCheckpoints(CHECKPOINT_WITHIN_MS);',
        replace: 'process.machine.beginCheckpoint(core.now);',
      },
    ],
  },
  {
    name: 'refusal-taken-for-a-copy',
    rule: "The simulator's own: a member that refuses is no copy to fall back on",
    edits: [
      {
        file: 'tests/sim/faults.js',
        find: 'isAnyRefusing || this.cluster',
        replace: 'this.cluster',
      },
    ],
  },
  {
    name: 'older-process-believed',
    rule: 'A data connection from before the heartbeats is asked whether it leads anywhere',
    edits: [
      {
        file: 'src/coordinator/peers.js',
        find: 'peer.debt.isAsked = false;',
        replace: 'peer.debt.isAsked = !channel.isAgain;',
      },
    ],
  },
  {
    name: 'staged-before-the-promise',
    rule: 'What was staged before a promise is gone, also where only the small file knows of it',
    edits: [
      {
        file: 'src/participant/recovery.js',
        find: 'state.dropUnpreparedStages();',
        replace: '',
      },
    ],
  },
  {
    name: 'view-of-a-coordinator-before',
    rule: 'A start makes a view of its own epoch before it decides',
    edits: [
      {
        file: 'src/coordinator/membership.js',
        find: 'return this.latest !== null && sameEpoch(this.latest.epoch, this.core.epoch);',
        replace: 'return true;',
      },
    ],
  },
  {
    name: 'view-hidden-from-who-cannot-decide',
    rule: 'Who cannot decide is shown a view that leaves out nobody',
    edits: [
      {
        file: 'src/coordinator/fences.js',
        find: 'if (isWhole && this.marked.has(status.storeId))',
        replace: 'if (false)',
      },
    ],
  },
  {
    name: 'ended-line-as-evidence',
    rule: 'What follows a transaction of an older epoch is no evidence',
    edits: [
      {
        file: 'src/coordinator/verdicts.js',
        find: 'holders = holders.filter((holder) => (inDoubtAt(holder, txid)?.epoch ?? newest) >= newest);',
        replace: '',
      },
    ],
  },
  {
    name: 'empty-one-beside-an-old-copy',
    rule: "The simulator's own: no empty coordinator starts beside an old folder of the only copy",
    edits: [
      {
        file: 'tests/sim/faults.js',
        find: '!isSecond || (this.onlyCopy === null && this.isIntact)',
        replace: 'true',
      },
    ],
  },
  {
    name: 'old-copy-knows-no-view',
    rule: 'Who does not know a view that it had stored is not believed when it lacks a transaction',
    edits: [
      {
        file: 'src/coordinator/verdicts.js',
        find: 'holders.some((holder) => isBehind(status, holder, txid))',
        replace: 'false',
      },
      {
        file: 'src/coordinator/fences.js',
        find: 'doubted(told, view, txid)',
        replace: 'told',
      },
    ],
  },
  {
    name: 'old-status-believed',
    rule: 'What a member said before it stored a view does not take back that it has stored it',
    edits: [
      {
        file: 'src/coordinator/takeover.js',
        find: 'for (const { storeId, view: known } of statuses)',
        replace:
          'for (const status of statuses) membership.noteStatus(status);\n' +
          '        for (const { storeId, view: known } of statuses)',
      },
    ],
  },
  {
    name: 'empty-one-of-an-old-list',
    rule: "The simulator's own: an empty coordinator starts for all participants of the first one",
    edits: [
      {
        file: 'tests/sim/rival-faults.js',
        find: 'supersede(faults, coordinator, faults.secondCoordinator(), removed)',
        replace: 'supersede(faults, coordinator, rival, removed)',
      },
    ],
  },
  {
    name: 'old-copy-taken-for-repaired',
    rule: "The simulator's own: a folder is repaired once it holds what was told and is to be told",
    edits: [
      {
        file: 'tests/sim/supervisor.js',
        find: 'this.faults.isCurrent(each) && lastPrepared >= given',
        replace: 'each.machine?.state.fit === true && each.machine.state.tailFrom === 0',
      },
    ],
  },
  {
    name: 'flip-forgotten',
    rule: "The simulator's own: nothing is destroyed while the memory of another copy is bad",
    edits: [{ file: 'tests/sim/faults.js', find: ' || isFlipped', replace: '' }],
  },
  {
    name: 'configured-beside-an-old-log',
    rule: "The simulator's own: beside an old log, one is configured again only if others answer",
    edits: [
      {
        file: 'tests/sim/supervisor.js',
        find: '!coordinator.isOutdated ||',
        replace: 'true ||',
      },
    ],
  },
  {
    name: 'vote-on-the-way',
    rule: "The simulator's own: the only copy is harmed while no vote of it is on the way",
    edits: [
      {
        file: 'tests/sim/only-copy-faults.js',
        find: ' && state.inDoubt.length === 0',
        replace: '',
      },
    ],
  },
  {
    name: 'proved-commits-forgotten',
    rule: 'What its log has committed stands, though another coordinator has been here',
    edits: [
      {
        file: 'src/coordinator/verdicts.js',
        find: 'Math.max(outcomes.decidedTxid, provedTxid, ...resolved)',
        replace: 'Math.max(outcomes.decidedTxid, ...resolved)',
      },
    ],
  },
  {
    name: 'stores-not-compared',
    rule: 'A data connection to a store that is not there any more is given up, or asked about',
    edits: [
      {
        file: 'src/coordinator/peers.js',
        find: "if (peer.data.state !== 'open' || peer.storeId === storeId)",
        replace: 'if (true)',
      },
      {
        file: 'src/coordinator/peers.js',
        find: 'if (!peer.debt.isAsked)',
        replace: 'if (false)',
      },
      {
        file: 'src/coordinator/peers.js',
        find: 'if (peer.debt.lacks(',
        replace: 'if (false && peer.debt.lacks(',
      },
      {
        file: 'src/coordinator/admission.js',
        find: "this.peers.send(peer, { type: 'inquire' });",
        replace: '',
      },
    ],
  },
  {
    name: 'overtaken-view-forgotten',
    rule: 'Whoever tells of a view that another one has led on from leads on to that',
    edits: [
      {
        file: 'src/coordinator/membership.js',
        find: '!this.known.some(',
        replace: '!this.chain.some(',
      },
    ],
  },
  {
    name: 'heartbeats-not-heard',
    rule: 'A start hears of another coordinator from heartbeats too',
    edits: [
      {
        file: 'src/coordinator/inquiry.js',
        find: 'this.strangest = Math.max(this.strangest, generation);',
        replace: ';',
      },
    ],
  },
  {
    name: 'installed-view-forgotten',
    rule: 'A view that all its members have stored ends those before it, whoever came since',
    edits: [
      {
        file: 'src/coordinator/inquiry.js',
        find: 'viewIn(this.generation, this.installed)',
        replace: 'null',
      },
    ],
  },
  {
    name: 'silence-unnoticed-yet',
    rule: "The simulator's own: a folder is lost while nobody is about to be left out for silence",
    edits: [
      { file: 'tests/sim/faults.js', find: 'this.hasAnsweredLately &&', replace: '' },
      // Who is silent mostly owes an answer as well.
      DEBTS_OVERLOOKED,
    ],
  },
];

/** Of this list or of `control-list.ts`. */
export function controlNamed(name: string): Control {
  const found = [...CONTROLS, ...KEPT_CONTROLS].find((control) => control.name === name);
  if (found === undefined) throw new Error(`no control is named ${name}`);
  return found;
}
