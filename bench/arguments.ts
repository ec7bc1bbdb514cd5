/** The words behind `npm run bench --`. */

export interface BenchArguments {
  readonly isQuick: boolean;
  /** Names of rows, or null for all. */
  readonly chosen: readonly string[] | null;
  /** Where data is written; null: beside the build. */
  readonly folder: string | null;
  readonly isList: boolean;
  readonly isHelp: boolean;
}

export const USAGE =
  'npm run bench -- [--quick] [--only NAME[,NAME]] [--folder DIR] [--list]\n' +
  '  --quick   everything that a target is set for, in less than two minutes\n' +
  '  --only    these rows\n' +
  '  --folder  where the systems keep their data: a folder on the disk to measure\n' +
  '  --list    names the rows\n' +
  '  --help    says this';

export function parseBenchArguments(words: readonly string[]): BenchArguments {
  let isQuick = false;
  let isList = false;
  let isHelp = false;
  let chosen: readonly string[] | null = null;
  let folder: string | null = null;
  const rest = [...words];
  const valueOf = (name: string): string => {
    const value = rest.shift();
    if (value === undefined) throw new Error(`${name} needs a value\n${USAGE}`);
    return value;
  };
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--quick') isQuick = true;
    else if (word === '--list') isList = true;
    else if (word === '--help') isHelp = true;
    else if (word === '--only') chosen = valueOf(word).split(',');
    else if (word === '--folder') folder = valueOf(word);
    else throw new Error(`${word} is not understood\n${USAGE}`);
  }
  return { isQuick, chosen, folder, isList, isHelp };
}
