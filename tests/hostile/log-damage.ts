/**
 * What bad disks, bad tools and bad habits do to the files of a data folder. Knows the structure of
 * the files (blocks, flush boundaries, names), so that damage falls where it is hard to see.
 */
import type { Prng } from '../../src/base/prng.js';
import { pick, randomBytes } from './fuzz.js';
import type { Files, Story } from './log-story.js';

const BLOCK_BYTES = 512;

/** Names that a data folder may hold, does not hold, or must not hold. */
const OTHER_NAMES = [
  ...['99999999.log', '00000001.log', '00000050.log', 'snapshot-00000001', 'snapshot-00000050'],
  ...['snapshot-99999999', 'checkpoint.tmp', 'install.tmp', 'LOCK', 'reserve', 'meta.2', 'x'],
  ...[
    '00000000.log',
    'snapshot-00000000',
    'meta.0.bak',
    '1.log',
    '000000001.log',
    '00000002.LOG',
    'lost+found',
  ],
];

/** One damage, done to the files in place. `folders`: folders to take files from. */
export type Damage = (prng: Prng, files: Files, story: Story, foreign: Story) => void;

type Change = (prng: Prng, bytes: Buffer) => Buffer;

function place(prng: Prng, bytes: Buffer): [from: number, to: number] {
  const lengths = [1, 4, 32, 96, BLOCK_BYTES, 4096];
  const from = prng.chance(0.3)
    ? Math.floor(prng.below(bytes.length + 1) / BLOCK_BYTES) * BLOCK_BYTES
    : prng.below(bytes.length + 1);
  return [from, Math.min(bytes.length, from + pick(prng, lengths))];
}

const flip: Change = (prng, bytes) => {
  const changed = Buffer.from(bytes);
  const at = prng.below(Math.max(1, bytes.length));
  if (bytes.length > 0) changed[at] = (changed[at] ?? 0) ^ (1 << prng.below(8));
  return changed;
};

const zero: Change = (prng, bytes) => {
  const [from, to] = place(prng, bytes);
  return Buffer.from(bytes).fill(0, from, to);
};

const noise: Change = (prng, bytes) => {
  const [from, to] = place(prng, bytes);
  return Buffer.concat([bytes.subarray(0, from), randomBytes(prng, to - from), bytes.subarray(to)]);
};

const zeroToTheEnd: Change = (prng, bytes) =>
  Buffer.from(bytes).fill(0, prng.below(bytes.length + 1));

const truncate: Change = (prng, bytes) => bytes.subarray(0, prng.below(bytes.length + 1));

const cutOut: Change = (prng, bytes) => {
  const [from, to] = place(prng, bytes);
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
};

const duplicate: Change = (prng, bytes) => {
  const [from, to] = place(prng, bytes);
  return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
};

const swapBlocks: Change = (prng, bytes) => {
  const blocks = Math.floor(bytes.length / BLOCK_BYTES);
  if (blocks < 2) return bytes;
  const changed = Buffer.from(bytes);
  const a = prng.below(blocks) * BLOCK_BYTES;
  const b = prng.below(blocks) * BLOCK_BYTES;
  bytes.copy(changed, a, b, b + BLOCK_BYTES);
  bytes.copy(changed, b, a, a + BLOCK_BYTES);
  return changed;
};

const appendGarbage: Change = (prng, bytes) => {
  const own = bytes.subarray(prng.below(bytes.length + 1));
  const length = 1 + prng.below(3000);
  const tail = pick(prng, [Buffer.alloc(length), randomBytes(prng, length), own, bytes]);
  return Buffer.concat([bytes, tail]);
};

const empty: Change = () => Buffer.alloc(0);

function changing(change: Change): Damage {
  return (prng, files) => {
    const name = pick(prng, [...files.keys()]);
    files.set(name, change(prng, files.get(name) ?? Buffer.alloc(0)));
  };
}

/** Cuts a segment exactly where a flush begins, or a few bytes into it. */
const truncateAtFlush: Damage = (prng, files, story) => {
  const { file, offset } = pick(prng, story.heads);
  const bytes = files.get(file);
  if (bytes === undefined) return;
  files.set(file, bytes.subarray(0, offset + pick(prng, [0, 0, 1, 31, 32, 33])));
};

const remove: Damage = (prng, files) => {
  files.delete(pick(prng, [...files.keys()]));
};

const removeMeta: Damage = (_prng, files) => {
  files.delete('meta.0');
  files.delete('meta.1');
};

const swapFiles: Damage = (prng, files) => {
  const [a, b] = [pick(prng, [...files.keys()]), pick(prng, [...files.keys()])];
  const [bytesA, bytesB] = [files.get(a), files.get(b)];
  if (bytesA === undefined || bytesB === undefined) return;
  files.set(a, bytesB);
  files.set(b, bytesA);
};

const rename: Damage = (prng, files) => {
  const from = pick(prng, [...files.keys()]);
  const bytes = files.get(from) ?? Buffer.alloc(0);
  if (prng.chance(0.5)) files.delete(from);
  files.set(pick(prng, [...OTHER_NAMES, ...files.keys()]), bytes);
};

const insertJunk: Damage = (prng, files) => {
  const length = prng.chance(0.3) ? 0 : prng.below(5000);
  files.set(pick(prng, OTHER_NAMES), randomBytes(prng, length));
};

/** One file, or a few, as they once were. */
const oldCopy: Damage = (prng, files, story) => {
  const folder = pick(prng, story.folders);
  const names = [...folder.keys()];
  for (let i = prng.below(3); i >= 0; i -= 1) {
    const name = pick(prng, names);
    files.set(name, folder.get(name) ?? Buffer.alloc(0));
  }
};

const oldFolder: Damage = (prng, files, story) => {
  files.clear();
  for (const [name, bytes] of pick(prng, story.folders)) files.set(name, bytes);
};

/** A file of another store, under its own name, or as the next segment of ours. */
const foreignFile: Damage = (prng, files, _story, foreign) => {
  const folder = pick(prng, foreign.folders);
  const name = pick(prng, [...folder.keys()]);
  const segments = [...files.keys()].filter((each) => each.endsWith('.log')).sort();
  const last = Number(segments.at(-1)?.slice(0, 8) ?? 0);
  const next = `${String(last + 1).padStart(8, '0')}.log`;
  files.set(prng.chance(0.7) ? name : next, folder.get(name) ?? Buffer.alloc(0));
};

export const DAMAGES: readonly Damage[] = [
  ...[flip, zero, noise, zeroToTheEnd, truncate, cutOut, duplicate].map(changing),
  ...[swapBlocks, appendGarbage, empty].map(changing),
  ...[truncateAtFlush, truncateAtFlush, remove, removeMeta, swapFiles, rename, insertJunk],
  ...[oldCopy, oldFolder, foreignFile],
];
