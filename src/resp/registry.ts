/**
 * All commands of the server, in the order in which people read them. The one place that lists
 * them: COMMAND, the program's --help and the README's table are made from it.
 */
import type { CommandDefinition, CommandRegistry } from './command.js';
import { auth } from './commands/auth.js';
import { client } from './commands/client.js';
import { command } from './commands/command.js';
import { config } from './commands/config.js';
import { dbsize } from './commands/dbsize.js';
import { del } from './commands/del.js';
import { echo } from './commands/echo.js';
import { exists } from './commands/exists.js';
import { get } from './commands/get.js';
import { hello } from './commands/hello.js';
import { info } from './commands/info.js';
import { mget } from './commands/mget.js';
import { mset } from './commands/mset.js';
import { ping } from './commands/ping.js';
import { quit } from './commands/quit.js';
import { reset } from './commands/reset.js';
import { select } from './commands/select.js';
import { set } from './commands/set.js';
import { time } from './commands/time.js';
import { txstatus } from './commands/txstatus.js';

const COMMANDS: readonly CommandDefinition[] = [
  set,
  get,
  del,
  mset,
  mget,
  exists,
  dbsize,
  txstatus,
  ping,
  echo,
  quit,
  reset,
  select,
  hello,
  auth,
  client,
  command,
  info,
  config,
  time,
];

/** In both cases in which nearly everybody writes them. */
const BY_NAME: ReadonlyMap<string, CommandDefinition> = new Map(
  COMMANDS.flatMap((definition) => [
    [definition.name, definition],
    [definition.name.toUpperCase(), definition],
  ]),
);

export const registry: CommandRegistry = {
  commands: COMMANDS,
  find: (name) => BY_NAME.get(name) ?? BY_NAME.get(name.toLowerCase()) ?? null,
};

/** For people who read documentation: one row a command and subcommand. */
export function commandTableMarkdown(): string {
  const rows = COMMANDS.flatMap((definition) => [
    `| \`${escapePipes(definition.syntax)}\` | ${definition.summary} |`,
    ...definition.subcommands
      .filter(({ syntax }) => syntax !== definition.syntax)
      .map(({ syntax, summary }) => `| \`${escapePipes(syntax)}\` | ${summary} |`),
  ]);
  return ['| Command | What it does |', '| --- | --- |', ...rows, ''].join('\n');
}

/** For the program's --help: one line a command. */
export function commandHelpLines(): string[] {
  const width = Math.max(...COMMANDS.map(({ syntax }) => syntax.length));
  return COMMANDS.map(({ syntax, summary }) => `${syntax.padEnd(width)}  ${summary}`);
}

function escapePipes(text: string): string {
  return text.replaceAll('|', '\\|');
}
