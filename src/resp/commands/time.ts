/** TIME: the wall clock of this process, in seconds and microseconds. Decides nothing here. */
import { answer, type CommandDefinition } from '../command.js';
import { array, bulk } from '../replies.js';

const MICROS = 1_000_000;

export const time: CommandDefinition = {
  name: 'time',
  arity: 1,
  flags: ['fast', 'loading', 'stale'],
  keys: null,
  group: 'server',
  since: '2.6.0',
  syntax: 'TIME',
  summary: "Tell the server's time",
  introduces: true,
  subcommands: [],
  run: ({ environment }) => {
    const micros = environment.wallClockMicros();
    const seconds = Math.floor(micros / MICROS);
    return answer(array([bulk(`${seconds}`), bulk(`${Math.floor(micros % MICROS)}`)]));
  },
};
