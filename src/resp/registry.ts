/**
 * All commands of the server, in the order in which people read them. The one place that lists
 * them: COMMAND, the program's --help and the README's table are made from it.
 */
import type { Arguments } from './arguments.js';
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

const LOWER_CASE = 0x20;

export const registry: CommandRegistry = {
  commands: COMMANDS,
  find: (args, index) => {
    for (const command of COMMANDS) if (isName(command.name, args, index)) return command;
    return null;
  },
};

/** `name` has small letters only, so a byte is one of them, or the capital, or neither. */
function isName(name: string, args: Arguments, index: number): boolean {
  if (args.size(index) !== name.length) return false;
  const source = args.source(index);
  const start = args.start(index);
  for (let at = 0; at < name.length; at += 1) {
    if (((source[start + at] ?? 0) | LOWER_CASE) !== name.charCodeAt(at)) return false;
  }
  return true;
}

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
