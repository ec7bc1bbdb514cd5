/**
 * Scenario files: prose, then blocks of commands, a line `----`, and what they are to show.
 *
 *     # Why this is shown.
 *
 *     set a 1
 *     ----
 *     client 1: OK
 *
 * A block ends with an empty line. `UPDATE=1` writes what was shown into the file.
 */
export interface Command {
  readonly name: string;
  readonly words: readonly string[];
  /** `key=value` words. */
  readonly options: ReadonlyMap<string, string>;
  /** Ends with `&`: go on without waiting for the answer. */
  readonly isDetached: boolean;
}

export interface Block {
  readonly line: number;
  readonly commands: readonly string[];
  readonly expected: readonly string[];
}

export interface Script {
  readonly prose: readonly string[];
  readonly blocks: readonly Block[];
}

const RULER = '----';

export function parseScript(text: string): Script {
  const lines = text.split('\n');
  let at = 0;
  const prose: string[] = [];
  while (lines[at]?.startsWith('#') === true || lines[at] === '') {
    prose.push(lines[at] ?? '');
    at += 1;
  }
  const blocks: Block[] = [];
  while (at < lines.length) {
    const line = at + 1;
    const commands = takeUntil(lines, at, (each) => each === RULER || each === '');
    at += commands.length;
    if (commands.length === 0) {
      at += 1;
      continue;
    }
    if (lines[at] !== RULER) throw new Error(`line ${line}: commands without ${RULER}`);
    const expected = takeUntil(lines, at + 1, (each) => each === '');
    at += 1 + expected.length;
    blocks.push({ line, commands, expected });
  }
  return { prose: trimEnd(prose), blocks };
}

export function formatScript(script: Script): string {
  const blocks = script.blocks.map(({ commands, expected }) =>
    [...commands, RULER, ...expected].join('\n'),
  );
  return `${[script.prose.join('\n'), ...blocks].join('\n\n')}\n`;
}

export function parseCommand(line: string): Command {
  const isDetached = line.endsWith(' &');
  const words: string[] = [];
  const options = new Map<string, string>();
  for (const word of (isDetached ? line.slice(0, -2) : line).split(/ +/)) {
    const at = word.indexOf('=');
    if (at > 0) options.set(word.slice(0, at), word.slice(at + 1));
    else words.push(word);
  }
  const [name = '', ...rest] = words;
  return { name, words: rest, options, isDetached };
}

function takeUntil(
  lines: readonly string[],
  from: number,
  isEnd: (line: string) => boolean,
): string[] {
  const taken: string[] = [];
  for (let at = from; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (isEnd(line)) break;
    taken.push(line);
  }
  return taken;
}

function trimEnd(lines: readonly string[]): string[] {
  const last = lines.findLastIndex((line) => line !== '');
  return lines.slice(0, last + 1);
}
