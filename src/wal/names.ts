/** The file names of a data folder; the only place that makes or reads them. */
import { assert } from '../base/assert.js';

const DIGITS = 8;
const MAX_NUMBER = 99_999_999;

export const META_SLOTS = ['meta.0', 'meta.1'] as const;
/** Bytes that are given back when the disk is full, so that outcomes still find room. */
export const RESERVE_FILE = 'reserve';
/** Held by the process that uses the folder. */
export const LOCK_FILE = 'LOCK';
/** A snapshot of our own state on its way. */
export const CHECKPOINT_TEMP = 'checkpoint.tmp';
/** A snapshot that is received from another participant. */
export const INSTALL_TEMP = 'install.tmp';

export function segmentName(segment: number): string {
  return `${digits(segment)}.log`;
}

/** The state before the first record of the segment with the same number. */
export function snapshotName(segment: number): string {
  return `snapshot-${digits(segment)}`;
}

function digits(segment: number): string {
  assert(segment > 0 && segment <= MAX_NUMBER, 'segment numbers have eight digits');
  return segment.toString().padStart(DIGITS, '0');
}

export interface FolderListing {
  /** Ascending. */
  readonly segments: readonly number[];
  readonly snapshots: readonly number[];
  readonly temporary: readonly string[];
}

export function sortNames(names: readonly string[]): FolderListing {
  const numbersOf = (pattern: RegExp): number[] =>
    names
      .map((name) => pattern.exec(name)?.[1])
      .filter((text) => text !== undefined)
      .map(Number)
      .sort((a, b) => a - b);
  return {
    segments: numbersOf(/^(?!0{8})(\d{8})\.log$/),
    snapshots: numbersOf(/^snapshot-(?!0{8})(\d{8})$/),
    temporary: names.filter((name) => name === CHECKPOINT_TEMP || name === INSTALL_TEMP),
  };
}
