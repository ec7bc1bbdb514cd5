/**
 * What both file formats are read into: settings as they stand in the file, in order, each with its
 * line. Which keys exist and what their values mean is not known here.
 */
export interface Entry {
  readonly key: string;
  readonly value: string;
  /** The file says that there may be several of these. */
  readonly repeated: boolean;
  /** Counted from 1. */
  readonly line: number;
}

export interface TextLine {
  /** Without white space at either end. */
  readonly text: string;
  readonly line: number;
}

const LINE_END = /\r\n|\n|\r/;
const CONTROL_CHARACTER = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/**
 * The lines that hold something, with their numbers. Any of LF, CRLF and CR ends a line; a byte
 * order mark counts as white space.
 */
export function significantLines(text: string): TextLine[] {
  return text
    .split(LINE_END)
    .map((line, index) => ({ text: line.trim(), line: index + 1 }))
    .filter((line) => line.text !== '');
}

/**
 * Control characters are never part of a setting; mostly they show that the file is not text. A tab
 * is white space; a line end can only come out of a quoted value.
 */
export function hasControlCharacter(text: string): boolean {
  return CONTROL_CHARACTER.test(text);
}
