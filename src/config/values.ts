/**
 * The types a setting can have: how its text is read, printed, and described to people. A value
 * that was printed reads back as itself.
 */
import { BadValueError } from './config-error.js';

export interface ValueType<T> {
  /** For the README: what may be written. */
  readonly describe: string;
  parse(text: string): T;
  print(value: T): string;
}

interface Unit {
  readonly name: string;
  readonly factor: number;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
export const KB = 1024;
export const MB = 1024 * KB;
export const GB = 1024 * MB;

/** Largest first, so that printing picks the largest that divides the value. */
const TIME_UNITS: readonly Unit[] = [
  { name: 'm', factor: MINUTE_MS },
  { name: 's', factor: SECOND_MS },
  { name: 'ms', factor: 1 },
];
const SIZE_UNITS: readonly Unit[] = [
  { name: 'gb', factor: GB },
  { name: 'mb', factor: MB },
  { name: 'kb', factor: KB },
  { name: 'b', factor: 1 },
];

/** `200ms`, `1.5s`, `2m`; a bare number is milliseconds. */
export function duration(minMs: number, maxMs: number): ValueType<number> {
  return quantity(TIME_UNITS, 'a duration such as 200ms or 1.5s', minMs, maxMs);
}

/** `64kb`, `512mb`, `1gb` (powers of 1024); a bare number is bytes. */
export function size(minBytes: number, maxBytes: number): ValueType<number> {
  return quantity(SIZE_UNITS, 'a size such as 64kb or 512mb', minBytes, maxBytes);
}

export function count(min: number, max: number): ValueType<number> {
  const range = `${min} to ${max}`;
  return {
    describe: range,
    parse(text) {
      const value = Number(text);
      if (!/^\d+$/.test(text) || value < min || value > max) {
        throw new BadValueError(`\`${text}\` is not a whole number from ${range}`);
      }
      return value;
    },
    print: String,
  };
}

export function choice<T extends string>(...choices: readonly T[]): ValueType<T> {
  const describe = choices.map((each) => `\`${each}\``).join(', ');
  return {
    describe,
    parse(text) {
      const found = choices.find((each) => each === text.toLowerCase());
      if (found === undefined) throw new BadValueError(`\`${text}\` is none of ${describe}`);
      return found;
    },
    print: (value) => value,
  };
}

/** Any text up to a length. */
export function text(describe: string, maxLength: number): ValueType<string> {
  return {
    describe,
    parse(value) {
      if (value.length > maxLength) {
        throw new BadValueError(`is longer than ${maxLength} characters`);
      }
      return value;
    },
    print: (value) => value,
  };
}

/** A setting whose absence means something; `null` stands for it and is never written. */
export function optional<T>(type: ValueType<T>): ValueType<T | null> {
  return { ...type, print: (value) => (value === null ? '' : type.print(value)) };
}

function quantity(
  units: readonly Unit[],
  example: string,
  min: number,
  max: number,
): ValueType<number> {
  const smallest = units[units.length - 1];
  const print = (value: number): string => {
    const unit =
      units.find((each) => value % each.factor === 0 && value >= each.factor) ?? smallest;
    return unit === undefined ? String(value) : `${value / unit.factor}${unit.name}`;
  };
  const describe = `${print(min)} to ${print(max)}`;
  return {
    describe,
    print,
    parse(text) {
      const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text);
      const name = match?.[2]?.toLowerCase() ?? '';
      const factor = name === '' ? 1 : units.find((each) => each.name === name)?.factor;
      if (match === null || factor === undefined) {
        throw new BadValueError(`\`${text}\` is not ${example}`);
      }
      const exact = Number(match[1]) * factor;
      const value = Math.round(exact);
      // Decimal fractions are inexact in binary: 1.1s is 1100.0000000000002 ms, and is meant.
      if (Math.abs(exact - value) > 1e-6 || value < min || value > max) {
        throw new BadValueError(`\`${text}\` is not within ${describe}`);
      }
      return value;
    },
  };
}
