/**
 * The course format: a line that starts with `!` is a comment, every other line that is not blank
 * is a key, white space, and the value up to the end of the line. There is no quoting, so what
 * looks like quoting, or like the INI format, is refused instead of becoming part of a value.
 */
import { LineError } from './config-error.js';
import { type Entry, hasControlCharacter, significantLines, type TextLine } from './entry.js';

export function parseCourseFormat(text: string): Entry[] {
  return significantLines(text)
    .filter((line) => !line.text.startsWith('!'))
    .map(parseLine);
}

function parseLine({ text, line }: TextLine): Entry {
  if (hasControlCharacter(text)) throw new LineError(line, null, 'holds a control character');
  if (text.startsWith('#') || text.startsWith(';')) {
    throw new LineError(line, null, 'comments start with `!` in a file of `key value` lines');
  }
  if (text.startsWith('[')) {
    throw new LineError(line, null, 'sections belong to files of `key = value` lines');
  }
  const match = /^(\S+)\s+(.*)$/.exec(text);
  const key = match?.[1] ?? text;
  const value = match?.[2];
  if (/^\w+=/.test(key) || value === '=' || value?.startsWith('= ') === true) {
    const reason = 'is written `key = value`, but the file began with `key value` lines';
    throw new LineError(line, key.replace(/=.*/, ''), reason);
  }
  if (value === undefined) throw new LineError(line, key, 'has no value');
  if (value.length > 1 && /^(".*"|'.*')$/.test(value)) {
    throw new LineError(line, key, 'values are written without quotes in this format');
  }
  return { key, value, repeated: false, line };
}
