/**
 * What strace wrote (`-f -ttt -yy -xx`) as system calls, each with the numbers of the lines in
 * which it was entered and in which it had returned. Lines are in the order in which the tracer saw
 * things happen, over all threads: a call on one line was entered and left between the lines around
 * it, one on two lines (`<unfinished ...>`, `resumed>`) lasted from one to the other.
 */
export interface SystemCall {
  readonly name: string;
  /** What the first argument's file descriptor stands for. */
  readonly target: string;
  /** What was written or read. */
  readonly bytes: Buffer;
  /** Where in the file, for a call that says so. */
  readonly offset: number | null;
  /** -1 for an error; NaN if the process ended in it. */
  readonly result: number;
  /** Which life of the process, from 0 on, where a trace holds several. */
  readonly life: number;
  readonly enteredAt: number;
  readonly returnedAt: number;
}

/** The words of strace that make such lines, without hiding a byte. */
export const TRACE_WORDS = ['-f', '-ttt', '-yy', '-xx', '-s', String(8 * 1024 * 1024)];

/** The line between what was traced of one life of a process and of its next one. */
export const NEXT_LIFE = '=== the next life';

const LINE = /^(\d+)\s+\d+\.\d+\s+(.*)$/s;
const RESUMED = /^<\.\.\. (\w+) resumed>(.*)$/s;
const UNFINISHED = / <unfinished \.\.\.>$/;
const FINISHED = /^(\w+)\((.*)\)\s+= (-?\d+|\?)/s;
const FIRST_ARGUMENT = /^\d+<((?:->|[^>\\"]|\\.)*)>(?=,|$)/;
const OFFSET = /^pwrite64\(.*, (\d+)\)\s+=/s;
/** With `-xx` there is nothing between quotes but `\x` and two digits a byte. */
const STRING = /"([^"]*)"(\.\.\.)?/g;

interface Begun {
  readonly text: string;
  readonly at: number;
}

/** Throws where a line is none of strace's, or does not hold all bytes. */
export function parseTrace(text: string): SystemCall[] {
  const calls: SystemCall[] = [];
  const begun = new Map<string, Begun>();
  let life = 0;
  for (const [at, line] of text.split('\n').entries()) {
    if (line === NEXT_LIFE) {
      life += 1;
      begun.clear();
    }
    const [, thread = '', rest = ''] = LINE.exec(line) ?? [];
    if (rest === '' || /^(---|\+\+\+)/.test(rest)) continue;
    const resumed = RESUMED.exec(rest);
    if (resumed !== null) {
      const first = begun.get(thread);
      begun.delete(thread);
      if (first === undefined) continue;
      calls.push(
        ...callOf(first.text + (resumed[2] ?? ''), { enteredAt: first.at, returnedAt: at, life }),
      );
    } else if (UNFINISHED.test(rest)) {
      begun.set(thread, { text: rest.replace(UNFINISHED, ''), at });
    } else {
      calls.push(...callOf(rest, { enteredAt: at, returnedAt: at, life }));
    }
  }
  return calls;
}

type Moment = Pick<SystemCall, 'enteredAt' | 'returnedAt' | 'life'>;

function callOf(text: string, moment: Moment): SystemCall[] {
  const [, name, words = '', result] = FINISHED.exec(text) ?? [];
  if (name === undefined) return [];
  const target = unescape(FIRST_ARGUMENT.exec(words)?.[1] ?? '');
  const parts: Buffer[] = [];
  for (const [, hex = '', more] of words.matchAll(STRING)) {
    if (more !== undefined)
      throw new Error(`strace cut a string short in line ${moment.enteredAt + 1}`);
    parts.push(Buffer.from(hex.replaceAll('\\x', ''), 'hex'));
  }
  const offset = OFFSET.exec(text)?.[1];
  return [
    {
      name,
      target,
      bytes: Buffer.concat(parts),
      offset: offset === undefined ? null : Number(offset),
      result: Number(result),
      ...moment,
    },
  ];
}

function unescape(text: string): string {
  return text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
}
