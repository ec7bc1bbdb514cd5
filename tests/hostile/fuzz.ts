/**
 * Runs a play once a seed and names the seed that fails. The seeds of the test command are fixed;
 * `FUZZ_SEED` and `FUZZ_COUNT` choose others, to hunt further or to see one failure again:
 *
 *     FUZZ_SEED=4711 FUZZ_COUNT=1 npx mocha dist/tests/hostile/NAME.test.js
 *
 * A play that takes far longer than all others counts as a hang.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { Prng } from '../../src/base/prng.js';

/** Far above what a play takes on a loaded machine: milliseconds. */
const LONGEST_PLAY_MS = 8000;
/** Between these, timers have their turn, so that mocha's own time limit can act. */
const PLAYS_A_TURN = 25;
const FIRST_SEED = 1;
const MANY_BYTES = 10_000;

function numberFrom(variable: string, standard: number): number {
  const text = process.env[variable];
  if (text === undefined) return standard;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${variable} is no number`);
  return value;
}

export async function fuzz(
  standardCount: number,
  play: (prng: Prng, seed: number) => unknown,
): Promise<void> {
  const first = numberFrom('FUZZ_SEED', FIRST_SEED);
  const count = numberFrom('FUZZ_COUNT', standardCount);
  for (let seed = first; seed < first + count; seed += 1) {
    const startedAt = performance.now();
    try {
      await play(new Prng(seed), seed);
    } catch (error) {
      throw failure(seed, error);
    }
    const took = performance.now() - startedAt;
    if (took > LONGEST_PLAY_MS) throw failure(seed, new Error(`it took ${Math.round(took)} ms`));
    if (seed % PLAYS_A_TURN === 0) await turn();
  }
}

function failure(seed: number, error: unknown): Error {
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Error(`with FUZZ_SEED=${seed} FUZZ_COUNT=1: ${what}`, { cause: error });
}

export function pick<T>(prng: Prng, values: readonly T[]): T {
  const value = values[prng.below(values.length)];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
}

/** Bytes that mean something to some parser, more often than any others. */
const SPEAKING_BYTES = Buffer.from('*$+-:_%~=\r\n\0 "\'\\0123456789xX', 'latin1');

export function randomBytes(prng: Prng, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 1) {
    const speaking = SPEAKING_BYTES[prng.below(SPEAKING_BYTES.length)] ?? 0;
    bytes[at] = prng.chance(0.5) ? speaking : prng.below(256);
  }
  return bytes;
}

/** Numbers at which somebody's arithmetic ends, as text. */
const EDGE_NUMBERS = [
  ...['0', '-0', '-1', '1', '00', '+1', '1.5', '1e3', '', ' 1', '0x10', 'NaN', 'Infinity'],
  ...['65535', '65536', '65537', '1048576', '2147483647', '2147483648', '4294967295'],
  ...['4294967296', '9007199254740991', '9007199254740992', '9223372036854775807'],
  ...['9223372036854775808', '-9223372036854775809', '9'.repeat(40)],
];

/** Flips, inserts, removes, repeats, moves and cuts, and makes numbers larger than life. */
export function mutate(prng: Prng, bytes: Buffer, times: number): Buffer {
  let mutated = bytes;
  for (let i = 0; i < times; i += 1) mutated = mutateOnce(prng, mutated);
  return mutated;
}

function mutateOnce(prng: Prng, bytes: Buffer): Buffer {
  const at = prng.below(bytes.length + 1);
  const length = 1 + prng.below(prng.chance(0.8) ? 4 : 64);
  const before = bytes.subarray(0, at);
  const slice = bytes.subarray(at, at + length);
  const behind = bytes.subarray(at + length);
  switch (prng.below(9)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      if (at < bytes.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << prng.below(8));
      return flipped;
    }
    case 1:
      return Buffer.concat([before, randomBytes(prng, length), bytes.subarray(at)]);
    case 2:
      return Buffer.concat([before, behind]);
    case 3:
      return Buffer.concat([before, slice, slice, behind]);
    case 4:
      return Buffer.concat([before, randomBytes(prng, slice.length), behind]);
    case 5: {
      const to = prng.below(behind.length + 1);
      return Buffer.concat([before, behind.subarray(0, to), slice, behind.subarray(to)]);
    }
    case 6:
      return Buffer.concat([before, Buffer.alloc(slice.length), behind]);
    case 7:
      return prng.chance(0.2) ? before : bytes;
    default:
      return withOtherNumber(prng, bytes, at);
  }
}

/** Replaces the run of digits at or behind this place. */
function withOtherNumber(prng: Prng, bytes: Buffer, from: number): Buffer {
  const isDigit = (byte: number | undefined): boolean =>
    byte !== undefined && byte >= 0x30 && byte <= 0x39;
  let start = from;
  while (start < bytes.length && !isDigit(bytes[start])) start += 1;
  let end = start;
  while (isDigit(bytes[end])) end += 1;
  const number = Buffer.from(pick(prng, EDGE_NUMBERS));
  return Buffer.concat([bytes.subarray(0, start), number, bytes.subarray(end)]);
}

/** The same bytes in pieces: single bytes, small ones, or large ones. */
export function cutInChunks(prng: Prng, bytes: Buffer): Buffer[] {
  const sizes = [1, 3, 20, 300, 5000, 100_000];
  // Single bytes of much text would only take long.
  const largest = pick(prng, bytes.length > MANY_BYTES ? sizes.slice(3) : sizes);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = 1 + prng.below(largest);
    // A copy, as a socket gives: nothing may depend on what lies around a chunk.
    chunks.push(Buffer.from(bytes.subarray(at, at + length)));
    at += length;
  }
  return chunks;
}
