/** Rules of disks, logs, memory and links, and how each is broken. */
import type { Control } from './controls.js';

export const STORAGE_CONTROLS: readonly Control[] = [
  {
    name: 'disk-lies',
    rule: 'A sync that is reported has happened (a disk that claims it early)',
    edits: [{ file: 'tests/sim/sim-disk.js', find: 'lies = false;', replace: 'lies = true;' }],
  },
  {
    name: 'failed-sync-ignored',
    rule: 'A failed sync ends the log',
    edits: [
      {
        file: 'src/wal/segment-file.js',
        find: 'await this.file.sync();\n        this.records',
        replace: 'await this.file.sync().catch(() => undefined);\n        this.records',
      },
    ],
  },
  {
    name: 'folder-not-synced',
    rule: 'A new segment is used only when its name is synced',
    edits: [
      {
        file: 'src/wal/segment-file.js',
        find: 'await file.sync();\n        await disk.syncFolder();\n        const created',
        replace: 'await file.sync();\n        const created',
      },
    ],
  },
  {
    name: 'record-unchecked',
    rule: 'A record counts only if its checksum holds',
    edits: [
      {
        file: 'src/wal/reader.js',
        find: 'if (crc32(body) !== head.bodyCrc)',
        replace: 'if (false)',
      },
      {
        file: 'src/wal/codec.js',
        find: 'if (crc !== bytes.readUInt32BE(at + RECORD_AT.headCrc))',
        replace: 'if (false)',
      },
    ],
    also: {
      what: 'the checksum of a payload',
      edits: [
        {
          file: 'src/participant/recovery.js',
          find: 'if (crc32(record.payload) !== record.crc) {',
          replace: 'if (false) {',
        },
      ],
    },
    stoppedBy: /unknown operation|ends too early|bytes too many|without keys/,
  },
  {
    name: 'in-doubt-forgotten',
    rule: 'What is in doubt stays so over a restart',
    edits: [
      {
        file: 'src/participant/recovery.js',
        find: 'if (mayLackRecords)',
        replace: 'state.inDoubt = [];\n        if (mayLackRecords)',
      },
    ],
  },
  {
    name: 'order-lost',
    rule: 'One ordered queue a connection: a read does not pass an outcome',
    edits: [
      {
        file: 'tests/helpers/memory-network.js',
        find: 'const item = link?.lanes[towards].shift();',
        replace: `const lane = link?.lanes[towards] ?? [];
          const isPassed = lane[0]?.name === 'outcome' && lane[1]?.name === 'read';
          const item = isPassed ? lane.splice(1, 1)[0] : lane.shift();`,
      },
    ],
  },
  {
    name: 'merge-on-refill',
    rule: 'A snapshot replaces what was there, it is not merged into it',
    edits: [
      {
        file: 'src/participant/state.js',
        find: 'this.table = table;',
        replace:
          'const old = this.table;\n        this.table = table;\n' +
          '        for (const shard of old.shards) {\n' +
          '            const held = shard?.freeze();\n' +
          '            for (const place of held?.places() ?? []) {\n' +
          '                held.entries.readKey(place, old.image);\n' +
          '                const key = old.image.text();\n' +
          '                if (!table.has(key)) table.set(key, held.entries.value(place));\n' +
          '            }\n' +
          '            held?.release();\n' +
          '        }',
      },
    ],
  },
  {
    name: 'scrub-blind',
    rule: 'Every stored value is checked against its digest',
    edits: [
      {
        file: 'src/participant/scrub.js',
        find: 'declareUnfit()',
        replace: 'counters.aborts.valueOf()',
      },
    ],
  },
  {
    name: 'torn-log-testifies',
    rule: 'Absence from a log that was cut is no evidence',
    edits: [
      {
        file: 'src/coordinator/verdicts.js',
        find: 'if (!has && isHeld && isCut) {',
        replace: 'if (false) {',
      },
    ],
  },
  {
    name: 'page-cache-believed',
    rule: 'A start makes durable what it has read before it says so',
    edits: [
      {
        file: 'src/wal/folder.js',
        find: 'await disk.refresh(segmentName(last), this.lastFlush);',
        replace: '',
      },
    ],
  },
  {
    name: 'checkpoint-unverified',
    rule: 'A checkpoint is held against the digest before it replaces the log',
    edits: [
      {
        file: 'src/storage/snapshot-sum.js',
        find: 'this.told.digest() !== digest',
        replace: 'this.told.digest() === null',
      },
    ],
  },
];
