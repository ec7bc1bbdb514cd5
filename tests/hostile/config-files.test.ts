/**
 * Configuration files that were damaged, half edited or never meant to be any: each either is a
 * configuration that means what it prints, or is refused in one line that names file and place.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Prng } from '../../src/base/prng.js';
import { type Config, loadConfigText } from '../../src/config/config.js';
import { ConfigError } from '../../src/config/config-error.js';
import { printConfig } from '../../src/config/print.js';
import { FIELDS, SETTINGS } from '../../src/config/settings.js';
import { PROJECT_ROOT } from '../helpers/project-root.js';
import { FACTS, FILE } from '../unit/config/facts.js';
import { fuzz, mutate, pick } from './fuzz.js';

const SECRET = 'never-shown-4711';
const KEYS = FIELDS.map((field) => SETTINGS[field].key);
const SHIPPED = readdirSync(join(PROJECT_ROOT, 'conf'))
  .filter((name) => name.endsWith('.conf'))
  .map((name) => readFileSync(join(PROJECT_ROOT, 'conf', name), 'utf8'));

/** Values at and beyond the borders of every type of setting. */
const VALUES = [
  ...['0', '1', '-1', '16', '1e9', '0x10', 'NaN', 'Infinity', '999999999999999999999', '1.5', ''],
  ...['200ms', '1.5s', '2 m', '0.0001ms', '1d', '64kb', '1.5gb', '512 MB', '1tb', '5b', 'kb'],
  ...['redis', 'LAB', 'auto', 'debug', 'json', 'true', 'null', 'on', 'a b', ' a ', '"', "'", '"a"'],
  ...['a;b', 'a#b', '\\', '"a\\nb"', '"a\\tb"', '"a\\u0000b"', '" a "', "' a '", '"\\u2028"'],
  ...['"a\\ud800b"', 'a\u00a0', '\u2028', 'ü', '"ü"', '[::1]', '::', '0.0.0.0', '::1%eth0', '[]'],
  ...[
    '127.0.0.1:8009',
    '[::1]:1',
    'a:65536',
    'a:1',
    'x'.repeat(2000),
    '= 1',
    'key = 1',
    '__proto__',
  ],
];
const NAMES = [
  ...['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'mode[]', 'participant_info[]'],
  ...[
    '[a]',
    '[__proto__]',
    '[a.b]',
    '[mode]',
    'prototype',
    'length',
    'x'.repeat(300),
    '[',
    ']',
    '=',
  ],
];

function anyLine(prng: Prng, assign: string): string {
  const key = prng.chance(0.85) ? pick(prng, KEYS) : pick(prng, NAMES);
  const value = pick(prng, VALUES);
  return prng.chance(0.9) ? `${key}${assign}${value}` : pick(prng, [key, value, `! ${value}`]);
}

function coordinatorFile(prng: Prng, isIni: boolean): string[] {
  const assign = isIni ? ' = ' : ' ';
  const list = isIni ? 'participant_info[]' : 'participant_info';
  const lines = [`mode${assign}coordinator`, `coordinator_info${assign}127.0.0.1:8001`];
  const count = prng.chance(0.95) ? 1 + prng.below(4) : 130;
  for (let i = 0; i < count; i += 1) lines.push(`${list}${assign}127.0.0.1:${8002 + i}`);
  if (prng.chance(0.3)) lines.push(`requirepass${assign}${SECRET}`);
  return lines;
}

function participantFile(isIni: boolean): string[] {
  const assign = isIni ? ' = ' : '\t';
  const participant = `participant_info${assign}[::1]:8002`;
  return [`mode${assign}participant`, `coordinator_info${assign}localhost:8001`, participant];
}

/** A sound file with some lines added, lost, repeated, exchanged or damaged. */
function damagedFile(prng: Prng): string {
  const isIni = prng.chance(0.5);
  const lines = prng.chance(0.7) ? coordinatorFile(prng, isIni) : participantFile(isIni);
  for (let i = prng.below(4); i > 0; i -= 1) {
    const at = prng.below(lines.length + 1);
    switch (prng.below(8)) {
      case 0:
        lines.splice(at, 1);
        break;
      case 1:
        lines.splice(at, 0, ...lines.slice(at, at + 1));
        break;
      case 2:
        lines.splice(at, 0, ...lines.splice(prng.below(lines.length), 1));
        break;
      default:
        lines.splice(at, 0, anyLine(prng, isIni ? ' = ' : ' '));
    }
  }
  const text = lines.join(pick(prng, ['\n', '\n', '\r\n', '\r', '\n\n']));
  return prng.chance(0.5) ? text : mangled(prng, text);
}

function mangled(prng: Prng, text: string): string {
  return mutate(prng, Buffer.from(text), 1 + prng.below(4)).toString('utf8');
}

/** The configuration, or null for one that was refused as it should be. */
function load(text: string): Config | null {
  try {
    return loadConfigText(text, FILE, FACTS);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.code).to.equal('bad_config');
    expect(error.message.startsWith(FILE), error.message).to.equal(true);
    expect(error.message, 'one line').not.to.match(/[\n\r]/);
    expect(error.message, 'says why').to.match(/: .+/);
    expect(error.line !== null || error.key !== null, 'names a place').to.equal(true);
    if (error.line !== null) expect(error.message).to.include(`${FILE}:${error.line}: `);
    expect(error.message).not.to.include(SECRET);
    return null;
  }
}

/** What two configurations must have in common to mean the same. */
function meaning(config: Config): unknown {
  const { role, self, listen, coordinator, participants, dataFolder } = config;
  const fields = FIELDS.filter((field) => SETTINGS[field].secret !== true);
  const values = fields
    .filter((field) => SETTINGS[field].roles === 'both' || SETTINGS[field].roles === role)
    .map((field) => [field, config[field]]);
  return { role, self, listen, coordinator, participants, dataFolder, values };
}

/** Whether the file was accepted; fails unless what it then prints means the same. */
function accepts(text: string): boolean {
  const config = load(text);
  if (config === null) return false;
  const printed = printConfig(config);
  expect(printed).not.to.include(SECRET);
  const again = load(printed);
  expect(again === null ? null : meaning(again), printed).to.deep.equal(meaning(config));
  return true;
}

describe('hostile configuration files', function () {
  this.timeout(60_000);

  it('are refused by file, line and key, or mean what they print', async () => {
    let accepted = 0;
    let refused = 0;
    await fuzz(1500, (prng) => {
      if (accepts(damagedFile(prng))) accepted += 1;
      else refused += 1;
    });
    expect(Math.min(accepted, refused) * 20, 'both ends are tried').to.be.at.least(accepted);
  });

  it('that were shipped and then damaged are no better', async () => {
    for (const text of SHIPPED) expect(accepts(text)).to.equal(true);
    await fuzz(150, (prng) => {
      accepts(mangled(prng, pick(prng, SHIPPED)));
    });
  });

  it('of the greatest size that is read are refused soon', () => {
    const large = 1024 * 1024;
    const lines = (line: string): string => line.repeat(Math.ceil(large / line.length));
    const texts = [
      ...['x', ' ', '\0', '[', '=', '"', ';', '!', '\\', '['.repeat(3) + ']'].map(lines),
      lines('mode coordinator\n'),
      lines('participant_info a:1\n'),
      lines('participant_info[] = a:1\n'),
      lines('[a]\n'),
      lines('a = \\\n'),
      `mode ${lines('x')}`,
      `mode = "${lines('\\u0041')}"`,
      `coordinator_info ${lines('a.')}`,
      `mode participant\ncoordinator_info ${lines(':')}`,
      `mode participant\ncoordinator_info [${lines('1:')}]:1\n`,
      `${'a '.padEnd(large)}b`,
    ];
    for (const text of texts) {
      const startedAt = performance.now();
      expect(load(text)).to.equal(null);
      expect(performance.now() - startedAt, text.slice(0, 20)).to.be.below(10_000);
    }
  });
});
