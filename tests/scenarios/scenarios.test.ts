/**
 * Runs every `*.txt` beside this file. Each opens with the schedule in prose and the numbers it is
 * known by. `UPDATE=1` rewrites the expectations; read the difference before you keep it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { PROJECT_ROOT } from '../helpers/project-root.js';
import { HANDLERS } from './handlers.js';
import { type Block, formatScript, parseCommand, parseScript } from './script.js';
import { World } from './world.js';

const FOLDER = join(PROJECT_ROOT, 'tests/scenarios');

function play(world: World, block: Block): string[] {
  for (const line of block.commands) {
    const command = parseCommand(line);
    const handler = HANDLERS.get(command.name);
    if (handler === undefined) throw new Error(`no command ${command.name}`);
    try {
      handler(world, command);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`line ${block.line}, ${line}: ${why}\n${world.takeLines().join('\n')}`, {
        cause: error,
      });
    }
  }
  return world.takeLines();
}

describe('scenario', () => {
  for (const name of readdirSync(FOLDER).filter((each) => each.endsWith('.txt'))) {
    const path = join(FOLDER, name);
    const script = parseScript(readFileSync(path, 'utf8'));
    it(`${name.replace('.txt', '')}: ${(script.prose[0] ?? '').replace(/^# */, '')}`, () => {
      const world = new World();
      const blocks = script.blocks.map((block) => ({ ...block, expected: play(world, block) }));
      const shown = formatScript({ ...script, blocks });
      if (process.env['UPDATE'] === '1') writeFileSync(path, shown);
      else expect(shown).to.equal(formatScript(script));
    });
  }
});

describe('a scenario file', () => {
  it('survives being read and written', () => {
    const text = '# Why.\n# More.\n\nset a 1\nget a &\n----\nclient 1: OK\n\nrun 5\n----\n';
    expect(formatScript(parseScript(text))).to.equal(text);
    expect(parseCommand('get a session=2 &')).to.deep.include({ name: 'get', isDetached: true });
  });

  it('is refused when a block has no ruler or a command no handler', () => {
    expect(() => parseScript('set a 1\n\n')).to.throw('line 1');
    const block = { line: 3, commands: ['fly'], expected: [] };
    expect(() => play(new World(), block)).to.throw('no command fly');
  });
});
