/** Rules of what processes promise each other, and how each is broken. */
import type { Control, Edit } from './controls.js';

/** A participant with nothing in doubt takes any later transaction for the next one. */
export const GAPS_ACCEPTED: readonly Edit[] = [
  {
    file: 'src/participant/transactions.js',
    find: 'if (message.txid !== state.lastPrepared + 1) {',
    replace:
      'if (message.txid <= state.lastPrepared ||' +
      ' (message.txid > state.lastPrepared + 1 && state.inDoubt.length > 0)) {',
  },
  {
    file: 'src/participant/state.js',
    find: "assert(transaction.record.txid === this.lastPrepared + 1, 'prepares are contiguous');",
    replace: `if (this.inDoubt.length === 0)
            this.resolved = { ...this.resolved, txid: transaction.record.txid - 1 };`,
  },
];

export const PROTOCOL_CONTROLS: readonly Control[] = [
  {
    name: 'vote-before-sync',
    rule: 'A vote leaves only when its PREPARED is synced',
    edits: [
      {
        file: 'src/participant/transactions.js',
        find: 'core.whenSynced(() => {\n            const held =',
        replace: '((run) => run())(() => {\n            const held =',
      },
      {
        file: 'src/participant/transactions.js',
        find: 'else if (held.lsn <= core.gate.synced)',
        replace: 'else',
      },
      {
        file: 'src/participant/transactions.js',
        find: 'else if (lsn <= core.gate.synced)',
        replace: 'else if (true)',
      },
    ],
  },
  {
    name: 'epoch-unchecked',
    rule: 'A participant follows no epoch below the one that it promised',
    edits: [
      {
        file: 'src/participant/links.js',
        find: 'if (epoch.number < promised.number ||',
        replace: 'if ((false && epoch.number < promised.number) ||',
      },
      {
        file: 'src/participant/links.js',
        find: 'if (expected !== null && !sameEpoch(expected, promised) && !sameEpoch(epoch, promised)) {',
        replace: 'if (false) {',
      },
    ],
  },
  {
    name: 'epoch-not-durable',
    rule: 'The promise of an epoch is synced before it is told, and survives a restart',
    edits: [
      {
        file: 'src/participant/recovery.js',
        find: 'if (epoch === null || epoch.number <= state.epoch.number)',
        replace: 'if (true)',
      },
    ],
  },
  {
    name: 'old-connection-serves',
    rule: 'A fence ends the connections of earlier coordinators',
    edits: [
      {
        file: 'src/participant/links.js',
        find: 'closeOlder(newer) {',
        replace: 'closeOlder(newer) {\n        if (newer) return;',
      },
    ],
    also: {
      what: 'the refusal of each single message of an older epoch',
      edits: [
        {
          file: 'src/participant/links.js',
          find: 'return link.epoch !== null && sameEpoch(link.epoch, this.core.state.epoch);',
          replace: 'return link.epoch !== null;',
        },
      ],
    },
  },
  {
    name: 'identity-by-txid',
    rule: 'A transaction is named by its epoch and its txid',
    edits: [
      {
        file: 'src/participant/transactions.js',
        find: 'if (held !== undefined && held.record.epoch === message.epoch) {',
        replace: 'if (held !== undefined) {',
      },
      {
        file: 'src/participant/transactions.js',
        find: 'else if (held?.record.epoch !== message.epoch)',
        replace: 'else if (held === undefined)',
      },
      {
        file: 'src/participant/transactions.js',
        find: 'const isAnother = head === undefined ? commit : head.record.epoch !== epoch;',
        replace: 'const isAnother = head === undefined ? commit : false;',
      },
    ],
    also: {
      what: 'the look at what a member brings back, and that at what is committed',
      edits: [
        {
          file: 'src/coordinator/resync.js',
          find: 'if (held !== undefined && epoch !== undefined && epoch !== held.epoch) {',
          replace: 'if (false) {',
        },
        {
          file: 'src/coordinator/resync.js',
          find: 'return this.leftover(status);',
          replace: "return '';",
        },
        {
          file: 'src/participant/state.js',
          find: ' && head.record.epoch === epoch',
          replace: '',
        },
      ],
    },
  },
  {
    name: 'gap-accepted',
    rule: 'Transactions are prepared without a gap',
    edits: GAPS_ACCEPTED,
    also: {
      what: 'a link that now and then loses a PREPARE, which is harmless otherwise',
      isHarmless: true,
      edits: [
        {
          file: 'tests/helpers/memory-network.js',
          find: 'const item = link?.lanes[towards].shift();',
          replace: `this.lost ??= 0;
          const lane = link?.lanes[towards] ?? [];
          if (lane[0]?.name === 'prepare' && lane.length > 1 && (this.lost += 1) % 50 === 0) lane.shift();
          const item = lane.shift();`,
        },
      ],
    },
  },
  {
    name: 'view-not-stored',
    rule: 'A view counts only when its members have synced it',
    edits: [
      {
        file: 'src/participant/transactions.js',
        find: "core.persist({ kind: 'view', view }, true);",
        replace: '',
      },
    ],
  },
  {
    name: 'silent-member-skipped',
    rule: 'Nothing is decided without a vote of every member of the view',
    edits: [
      {
        file: 'src/coordinator/transactions.js',
        find: 'if (votes.some((vote) => vote === undefined))',
        replace: 'if (votes.every((vote) => vote === undefined))',
      },
      {
        file: 'src/coordinator/transactions.js',
        find: 'if (votes.every((vote) => vote?.yes === true)) {',
        replace: 'if (votes.every((vote) => vote?.yes !== false)) {',
      },
    ],
  },
  {
    name: 'abort-told-early',
    rule: 'An error that says "not done" leaves only when every member has synced the ABORT',
    edits: [
      {
        file: 'src/coordinator/aborts.js',
        find: 'filter((tx) => !isRetried(tx) && isSynced(tx))',
        replace: 'filter((tx) => !isRetried(tx))',
      },
    ],
  },
  {
    name: 'no-barrier',
    rule: 'A view grows only where the newcomer holds exactly what the members hold',
    edits: [
      {
        file: 'src/coordinator/admission.js',
        find: 'if (expected === null || !quiet || message.position.txid !== core.lastTxid) {',
        replace: 'if (false) {',
      },
      {
        file: 'src/coordinator/admission.js',
        find: 'if (expected !== `${message.position.chain} ${message.digest}`) {',
        replace: 'if (false) {',
      },
    ],
    also: {
      what: 'the hold of new writes',
      edits: [
        {
          file: 'src/coordinator/admission.js',
          find: 'this.transactions.isHeld = true;',
          replace: '',
        },
      ],
    },
  },
  {
    name: 'some-members-suffice',
    rule: 'Without its log, a coordinator asks every member of the newest view',
    edits: [
      {
        file: 'src/coordinator/takeover.js',
        find: 'const mayLeaveOut = !isWithoutLog && patienceIsOver;',
        replace: 'const mayLeaveOut = patienceIsOver;',
      },
      {
        file: 'src/coordinator/takeover.js',
        find: '!(this.inquiry.isWithoutLog && missing.length > 0)',
        replace: 'true',
      },
      {
        file: 'src/coordinator/inquiry.js',
        find: 'const mayLeaveOut = !this.isWithoutLog && this.patienceIsOver;',
        replace: 'const mayLeaveOut = this.patienceIsOver;',
      },
    ],
  },
  {
    name: 'views-by-number',
    rule: 'Views are ordered by epoch first',
    edits: [
      {
        file: 'src/base/ids.js',
        find: 'if (than === null || view.epoch.number !== than.epoch.number) {',
        replace: 'if (than === null) {',
      },
    ],
  },
  {
    name: 'earlier-views-count',
    rule: 'A view of an earlier generation is void',
    edits: [
      {
        file: 'src/base/ids.js',
        find: 'view.epoch.number >= firstEpochOf(generation) ? view : null',
        replace: 'true ? view : null',
      },
    ],
    also: {
      what: 'an operator who forces a view wherever there are several participants, harmless otherwise',
      isHarmless: true,
      edits: [
        {
          file: 'tests/sim/options.js',
          find: 'const OVERRIDE_SHARE = 0.25;',
          replace: 'const OVERRIDE_SHARE = 1;',
        },
      ],
    },
  },
  {
    name: 'outsider-serves-reads',
    rule: 'Only a member of the view serves reads',
    edits: [
      {
        file: 'src/participant/reads.js',
        find: "if (refusal !== '') {\n            core.send(link.id, { type: 'unreadable'",
        replace: "if (false) {\n            core.send(link.id, { type: 'unreadable'",
      },
    ],
    also: {
      what: 'the choice of whom to ask',
      edits: [
        {
          file: 'src/coordinator/reads.js',
          find: 'this.membership.memberPeers().filter((peer) => this.isReadable(peer))',
          replace:
            'this.peers.all.filter((peer) => peer.isFenced && !this.peers.isSuspected(peer))',
        },
      ],
    },
  },
  {
    name: 'later-answer-kept',
    rule: 'An answer behind a read that another member has to answer is forgotten',
    edits: [
      {
        file: 'src/coordinator/session-reads.js',
        find: 'return entries.flatMap(([, { reads }]) => reads);',
        replace:
          'return entries.flatMap(([, { reads }]) => reads.filter((read) => {' +
          ' if (read.reply !== null) this.tell(read.client, read.reply);' +
          ' return read.reply === null; }));',
      },
    ],
    also: {
      what:
        'a workload of large pairs read in halves, and connections lost behind answers that are ' +
        'kept or were just told, which is harmless otherwise',
      isHarmless: true,
      edits: [
        {
          file: 'src/coordinator/reads.js',
          find: 'this.takeFirstSlice(question, first, message);',
          replace:
            'this.takeFirstSlice(question, first, message);' +
            ' const kept = reads.filter(({ client, reply }) => reply !== null &&' +
            ' this.sessions.bySession.get(client.session)?.reads.some((one) => !one.reply));' +
            ' this.kept = (this.kept ?? 0) + kept.length;' +
            " if (kept.length > 0 && this.kept % 2 === 0) this.peers.restart(peer, 'by chance');",
        },
        {
          file: 'tests/sim/options.js',
          find: 'const workload = { ...drawn.workload, halfChance, largeValueChance };',
          replace:
            'const workload = { ...drawn.workload, keys: 1, pairs: 1, pipeline: 5,' +
            ' halfChance: 0.9, largeValueChance: 0.3 };',
        },
      ],
    },
  },
  {
    name: 'joiner-not-probed',
    rule: 'A connection to a joiner that leads nowhere is found out',
    edits: [
      {
        file: 'src/coordinator/admission.js',
        find: "this.peers.send(peer, { type: 'inquire' });",
        replace: '',
      },
    ],
    also: {
      what: 'the questions when heartbeats begin anew, and when they tell of a lost outcome',
      edits: [
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
      ],
    },
  },
  {
    name: 'catch-up-voids-evidence',
    rule: 'Nobody is asked to catch up whom a view that may still count names',
    edits: [
      {
        file: 'src/coordinator/admission.js',
        find: "join.phase === 'waiting' && !this.membership.isCountedOn(peer)",
        replace: "join.phase === 'waiting'",
      },
    ],
  },
  {
    name: 'given-up-told-once',
    rule: 'What was given up is named again on each new connection',
    edits: [
      {
        file: 'src/coordinator/staging.js',
        find: 'this.givenUp.set(peer, names.slice(-MAX_GIVEN_UP));',
        replace: '',
      },
    ],
  },
];
