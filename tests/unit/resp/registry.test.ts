import { expect } from 'chai';
import { KeptArguments } from '../../../src/resp/arguments.js';
import { commandHelpLines, commandTableMarkdown, registry } from '../../../src/resp/registry.js';

describe('command registry', () => {
  it('finds a command by its name in any case, and nothing else', () => {
    const find = (...words: string[]): string | undefined =>
      registry.find(new KeptArguments(words.map((word) => Buffer.from(word, 'latin1'))), 1)?.name;
    expect(find('set', 'gEt')).to.equal('get');
    for (const none of ['gets', '', 'g'.repeat(10_000), '__proto__', 'G\x05T', 'g\xe5t']) {
      expect(find('set', none), none).to.equal(undefined);
    }
  });

  it('describes every command completely and once', () => {
    const names = registry.commands.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
    for (const command of registry.commands) {
      expect(command.name).to.match(/^[a-z]+$/);
      for (const entry of [command, ...command.subcommands]) {
        expect(entry.name, entry.syntax).to.match(/^[a-z_-]+$/);
        expect(entry.syntax.toLowerCase(), entry.name).to.contain(entry.name);
        expect(entry.summary, entry.name).to.match(/^[A-Z].*[^.]$/);
        expect(entry.since, entry.name).to.match(/^\d+\.\d+\.\d+$/);
        expect(Math.abs(entry.arity), entry.name).to.be.at.least(1);
      }
    }
  });

  it('tells which commands change data: they have keys and may be refused for memory', () => {
    const writing = registry.commands.filter(({ flags }) => flags.includes('write'));
    expect(writing.map(({ name }) => name)).to.deep.equal(['set', 'del', 'mset']);
    expect(writing.every(({ keys }) => keys !== null)).to.equal(true);
  });

  it('makes the table and the help lines from the same entries', () => {
    const table = commandTableMarkdown();
    const help = commandHelpLines();
    expect(help).to.have.length(registry.commands.length);
    for (const { syntax, summary, subcommands } of registry.commands) {
      expect(help.some((line) => line.startsWith(syntax) && line.endsWith(summary))).to.equal(true);
      for (const entry of [{ syntax, summary }, ...subcommands]) {
        const row = `| \`${entry.syntax.replaceAll('|', '\\|')}\` |`;
        expect(table.split(row).length, entry.syntax).to.equal(2);
      }
    }
  });
});
