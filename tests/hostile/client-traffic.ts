/**
 * What a client may send: requests of every command of the registry, in every framing, some of them
 * with the reply that a strict server must give; and ways to leave the protocol, with Redis's text
 * for each. Made from a seed.
 */
import type { Prng } from '../../src/base/prng.js';
import { registry } from '../../src/resp/registry.js';
import { request } from '../helpers/one-shot.js';
import { pick, randomBytes } from './fuzz.js';

/** Longest length line and inline command of Redis. */
const LONGEST_LINE = 65_536;

export interface Told {
  readonly bytes: Buffer;
  /** In RESP2, from a store where every key has its own name as its value. */
  readonly reply: string;
}

const NAMES: readonly string[] = registry.commands.flatMap((command) => [
  command.name,
  ...command.subcommands.map((subcommand) => `${command.name} ${subcommand.name}`),
]);

const OPTIONS = [
  ...['3', '2', '0', '-1', 'AUTH', 'default', 'secret', 'SETNAME', 'ON', 'OFF', 'SKIP', 'NX', 'EX'],
  ...['lib-name', 'LIB-VER', '*', 'max_*', '[a-', '\\', 'server', 'everything', '1:1', 'get', ''],
];

function word(prng: Prng): Buffer {
  switch (prng.below(5)) {
    case 0:
      return Buffer.from(pick(prng, OPTIONS));
    case 1:
      return randomBytes(prng, prng.below(40));
    case 2:
      return Buffer.alloc(prng.below(3000), 'v');
    default:
      return Buffer.from(`k${prng.below(20)}`);
  }
}

/** A well-framed request of any command, with too few, enough or too many arguments. */
export function anyRequest(prng: Prng): Buffer {
  if (prng.chance(0.1)) return randomBytes(prng, prng.below(60));
  const name = prng.chance(0.9) ? pick(prng, NAMES) : randomBytes(prng, 6).toString('latin1');
  const cased = prng.chance(0.5) ? name.toUpperCase() : name;
  const words: Buffer[] = cased.split(' ').map((part) => Buffer.from(part, 'latin1'));
  const count = prng.below(5);
  for (let i = 0; i < count; i += 1) words.push(word(prng));
  return prng.chance(0.2) ? inline(words) : request(...words);
}

function inline(words: readonly Buffer[]): Buffer {
  const quoted = words.map((one) => Buffer.from(`"${escaped(one)}"`, 'latin1'));
  return Buffer.from(`${quoted.map((one) => one.toString('latin1')).join(' ')}\r\n`, 'latin1');
}

function escaped(bytes: Buffer): string {
  return [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

const bulk = (bytes: Buffer): string => `$${bytes.length}\r\n${bytes.toString('latin1')}\r\n`;

/** A request whose reply is known to the byte. */
export function toldRequest(prng: Prng): Told {
  const mark = prng.chance(0.9) ? randomBytes(prng, prng.below(50)) : Buffer.alloc(9000, 'm');
  const key = `k${prng.below(20)}`;
  const framed = (...words: (string | Buffer)[]): Buffer => {
    const buffers = words.map((one) => Buffer.from(one));
    return prng.chance(0.3) ? inline(buffers) : request(...buffers);
  };
  switch (prng.below(10)) {
    case 0:
      return { bytes: framed('PING'), reply: '+PONG\r\n' };
    case 1:
      return { bytes: framed('SET', key, mark), reply: '+OK\r\n' };
    case 2:
      return { bytes: framed('GET', key), reply: bulk(Buffer.from(key)) };
    case 3:
      return { bytes: framed('DEL', key, key), reply: ':2\r\n' };
    case 4:
      return {
        bytes: framed('GET'),
        reply: "-ERR wrong number of arguments for 'get' command\r\n",
      };
    case 5:
      return {
        bytes: framed('NOSUCH', 'a'),
        reply: "-ERR unknown command 'NOSUCH', with args beginning with: 'a' \r\n",
      };
    case 6:
      return {
        bytes: Buffer.from(pick(prng, ['\r\n', '\n', ' \r\n', '*0\r\n', '*-5\r\n'])),
        reply: '',
      };
    case 7: {
      const reply = `*2\r\n${bulk(Buffer.from(key))}${bulk(Buffer.from('other'))}`;
      return { bytes: framed('MGET', key, 'other'), reply };
    }
    default:
      return { bytes: framed('echo', mark), reply: bulk(mark) };
  }
}

type Leaving = readonly [bytes: (prng: Prng) => string, text: string];

const digits = (count: number): string => '1'.repeat(count);

/** Bytes that no server may go on behind, and what Redis says to them. */
const LEAVINGS: readonly Leaving[] = [
  [
    (p) => pick(p, ['*x\r\n', '*+1\r\n', '*01\r\n', '*1 \r\n', '*\r\n']),
    'invalid multibulk length',
  ],
  [(p) => pick(p, ['*2147483648\r\n', '*1\n$4\r\n', '*1\rx']), 'invalid multibulk length'],
  [() => `*${'9'.repeat(30)}\r\n`, 'invalid multibulk length'],
  [() => `*${digits(LONGEST_LINE + 1)}`, 'too big mbulk count string'],
  [() => `*1\r\n$${digits(LONGEST_LINE + 1)}`, 'too big bulk count string'],
  [() => '*1\r\nx', "expected '$', got 'x'"],
  [() => '*2\r\n$3\r\nGET\r\n*1\r\n', "expected '$', got '*'"],
  [() => '*1\r\n\r\n', "expected '$', got ' '"],
  [(p) => `*1\r\n$${pick(p, ['-1', 'a', '', '01', '536870913'])}\r\n`, 'invalid bulk length'],
  [() => '*1\r\n$4\r\nPINGxx', 'expected CRLF after a bulk string'],
  [() => '*1\r\n$0\r\nPING\r\n', 'expected CRLF after a bulk string'],
  [(p) => pick(p, ['SET "a\r\n', "GET 'a\r\n", 'GET "a"b\r\n']), 'unbalanced quotes in request'],
  [() => 'GET '.padEnd(LONGEST_LINE + 2, 'a'), 'too big inline request'],
  [() => 'a\0'.padEnd(LONGEST_LINE + 2, '\n'), 'too big inline request'],
];

/** Only before AUTH. */
const STRANGERS_LEAVINGS: readonly Leaving[] = [
  [() => '*11\r\n', 'unauthenticated multibulk length'],
  [() => '*1\r\n$16385\r\n', 'unauthenticated bulk length'],
];

export function leaving(prng: Prng, authenticated: boolean): Told {
  const choices = authenticated ? LEAVINGS : STRANGERS_LEAVINGS;
  const [bytes, text] = pick(prng, choices);
  return {
    bytes: Buffer.from(bytes(prng), 'latin1'),
    reply: `-ERR Protocol error: ${text}\r\n`,
  };
}
