/**
 * The INI format. Values are read by the `ini` package (this is its only import), which knows no
 * line numbers and is lenient: it cuts `a#b;c` to `a`, keeps the last of two equal keys, and takes
 * `garbage` for `garbage = true`. So the same lines are scanned here first: the scan supplies the
 * line numbers, and refuses every line that `ini` would read as less than what is written.
 *
 * Sections only group; a key means the same in every section.
 */
import { parse } from 'ini';
import { LineError } from './config-error.js';
import { type Entry, hasControlCharacter, significantLines, type TextLine } from './entry.js';

const SECTION = /^\[([a-z][a-z0-9_-]*)\]$/i;
const KEY = /^[a-z][a-z0-9_]*(\[\])?$/i;

interface Assignment {
  readonly section: string | null;
  /** Without the `[]` that marks one of several values. */
  readonly key: string;
  readonly repeated: boolean;
  readonly written: string;
  readonly line: number;
}

export function parseIniFormat(text: string): Entry[] {
  const lines = significantLines(text).filter((line) => !/^[;#]/.test(line.text));
  const assignments = scan(lines);
  refuseSwallowed(assignments);
  const parsed: unknown = parse(lines.map((line) => line.text).join('\n'));
  const places = new Map<string, number>();
  return assignments.map((assignment) => {
    const { key, line, section, repeated } = assignment;
    const place = `${section ?? ''}/${key}`;
    const index = places.get(place) ?? 0;
    places.set(place, index + 1);
    const value = valueOf(parsed, assignment, index);
    if (value !== literal(assignment)) {
      throw new LineError(line, key, 'would be read as something else; write it in double quotes');
    }
    if (value === '') throw new LineError(line, key, 'has no value');
    if (hasControlCharacter(value)) throw new LineError(line, key, 'holds a control character');
    return { key, value, repeated, line };
  });
}

function scan(lines: readonly TextLine[]): Assignment[] {
  const assignments: Assignment[] = [];
  let section: string | null = null;
  for (const { text, line } of lines) {
    if (hasControlCharacter(text)) throw new LineError(line, null, 'holds a control character');
    if (text.startsWith('!')) {
      throw new LineError(
        line,
        null,
        'comments start with `;` or `#` in a file of `key = value` lines',
      );
    }
    if (text.startsWith('[')) {
      section = SECTION.exec(text)?.[1] ?? null;
      if (section === null)
        throw new LineError(line, null, 'is not a section of the form `[name]`');
      continue;
    }
    assignments.push(scanAssignment(text, line, section));
  }
  return assignments;
}

function scanAssignment(text: string, line: number, section: string | null): Assignment {
  const equals = text.indexOf('=');
  if (equals === -1) {
    const key = /^\S+/.exec(text)?.[0] ?? text;
    throw new LineError(line, key, 'is not of the form `key = value`');
  }
  const name = text.slice(0, equals).trim();
  if (!KEY.test(name)) throw new LineError(line, name, 'is not a key: letters, digits and `_`');
  const repeated = name.endsWith('[]');
  const key = repeated ? name.slice(0, -2) : name;
  return { section, key, repeated, written: text.slice(equals + 1).trim(), line };
}

/** Two equal keys, or a section and a key of one name: `ini` keeps one of them without a word. */
function refuseSwallowed(assignments: readonly Assignment[]): void {
  const seen = new Map<string, Assignment>();
  const sections = new Set(assignments.map((assignment) => assignment.section));
  for (const assignment of assignments) {
    const { key, line, repeated } = assignment;
    if (sections.has(key)) throw new LineError(line, key, 'is also the name of a section');
    const first = seen.get(key);
    if (first !== undefined && !(repeated && first.repeated)) {
      const reason = `is set a second time (first in line ${first.line})`;
      throw new LineError(line, key, reason);
    }
    seen.set(key, first ?? assignment);
  }
}

/** What `ini` made of the assignment, as text; null if it is not where it should be. */
function valueOf(parsed: unknown, assignment: Assignment, index: number): string | null {
  const { section, key, repeated } = assignment;
  const group = section === null ? parsed : property(parsed, section);
  const found = property(group, key);
  const value = repeated && Array.isArray(found) ? (found as unknown[])[index] : found;
  const plain = value === null || ['string', 'number', 'boolean'].includes(typeof value);
  return plain ? String(value) : null;
}

function property(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null
    ? (holder as Record<string, unknown>)[name]
    : undefined;
}

/** What the assignment says to a reader who knows quotes and three escapes, and nothing else. */
function literal({ written, key, line }: Assignment): string {
  const quote = written[0];
  if (written.length > 1 && (quote === '"' || quote === "'") && written.endsWith(quote)) {
    return quote === '"' ? jsonText(written, key, line) : written.slice(1, -1);
  }
  const bare = written.replace(/\\[\\;#]/g, '__');
  if (/[;#]/.test(bare)) {
    const reason =
      'holds `;` or `#`: put the value in double quotes, and comments on lines of their own';
    throw new LineError(line, key, reason);
  }
  return written.replace(/\\([\\;#])/g, '$1');
}

function jsonText(written: string, key: string, line: number): string {
  try {
    return String(JSON.parse(written));
  } catch {
    throw new LineError(
      line,
      key,
      'has a quote or backslash inside its double quotes without `\\`',
    );
  }
}
