/** The source keeps its shape: a violation is listed as `file:line: what is wrong`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { PROJECT_ROOT } from '../helpers/project-root.js';
import { importsOf, SOLE_IMPORTERS, type SourceFile, violations } from '../helpers/source-rules.js';

function sources(folder: string): SourceFile[] {
  return readdirSync(join(PROJECT_ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .map((path) => ({ path, text: readFileSync(join(PROJECT_ROOT, path), 'utf8') }));
}

describe('the source', () => {
  const src = sources('src');

  it('keeps to its import arrows, its lengths, and its outside', () => {
    expect(src.flatMap(violations).join('\n')).to.equal('');
  });

  it('has tests that are as tidy', () => {
    const found = sources('tests').flatMap(violations);
    expect(found.join('\n')).to.equal('');
  });

  it('has a bench that is as tidy', () => {
    const found = sources('bench').flatMap(violations);
    expect(found.join('\n')).to.equal('');
  });

  for (const name of SOLE_IMPORTERS) {
    it(`imports ${name} in exactly one file`, () => {
      const importers = src.flatMap(importsOf).filter(({ specifier }) => specifier === name);
      expect(importers.map(({ path }) => path)).to.have.length(1);
    });
  }
});

describe('the rules for the source', () => {
  const HEAD = '/** A file. */\n';
  const check = (path: string, code: string): string[] => violations({ path, text: HEAD + code });

  const planted: [what: string, path: string, code: string][] = [
    ['node: in a machine', 'src/coordinator/a.ts', "import { readFileSync } from 'node:fs';"],
    ['node: in base', 'src/base/a.ts', "import { createHash } from 'node:crypto';"],
    ['a package in a machine', 'src/participant/a.ts', "import winston from 'winston';"],
    ['a type import', 'src/wal/a.ts', "let a: import('node:fs').Stats;"],
    ['a lazy import', 'src/resp/a.ts', "await import('node:net');"],
    ['one role in the other', 'src/coordinator/a.ts', "import { b } from '../participant/b.js';"],
    ['one role in the other', 'src/participant/a.ts', "import { b } from '../coordinator/b.js';"],
    ['anything in base', 'src/base/a.ts', "import { b } from '../ports/clock.js';"],
    ['io in a machine', 'src/coordinator/a.ts', "import { b } from '../io/b.js';"],
    ['io in the simulator', 'src/sim/a.ts', "import { b } from '../io/b.js';"],
    ['the session in a machine', 'src/coordinator/a.ts', "import { b } from '../resp/b.js';"],
    ['a folder nobody placed', 'src/other/a.ts', "import { b } from '../base/b.js';"],
    ['the time', 'src/base/a.ts', 'export const a = Date.now();'],
    ['the date', 'src/base/a.ts', 'export const a = new Date();'],
    ['chance', 'src/base/a.ts', 'export const a = Math.random();'],
    ['a timer', 'src/rpc/a.ts', 'setTimeout(() => undefined, 1);'],
    ['the process', 'src/rpc/a.ts', 'export const a = process.env;'],
    ['the terminal', 'src/rpc/a.ts', "console.log('x');"],
    ['a barrel', 'src/rpc/a.ts', "export * from './b.js';"],
    ['a long file', 'src/rpc/a.ts', '\n'.repeat(401) + 'export const a = 1;'],
    ['a long line', 'src/rpc/a.ts', `// don't ${'-'.repeat(92)}`],
    ['a long function', 'src/rpc/a.ts', `export function a() {${'\n'.repeat(71)}}`],
    ['a long arrow function', 'src/io/a.ts', `export const a = () => {${'\n'.repeat(71)}};`],
    ['work left over', 'src/rpc/a.ts', '// FIX' + 'ME later'],
    ['a lone test', 'tests/unit/a.test.ts', 'it.on' + "ly('x', () => undefined);"],
    ['a name in camel case', 'src/rpc/aB.ts', 'export const a = 1;'],
    ['a name that says nothing', 'src/rpc/utils.ts', 'export const a = 1;'],
  ];
  for (const [what, path, code] of planted) {
    it(`refuse ${what}: ${code.trim().slice(0, 60)}`, () => {
      expect(check(path, code)).to.have.length(1);
      expect(check(path, code)[0]).to.match(/^[\w./-]+:\d+: /);
    });
  }

  it('refuse a file that does not say what it is', () => {
    const text = "import { a } from './b.js';\nexport const c = a;\n";
    expect(violations({ path: 'src/base/a.ts', text })).to.have.length(1);
  });

  it('accept what is said in comments, texts, members and in the outer files', () => {
    const text = `// process.exit, Date.now\nexport const a = { process: 1 }.process + ': setTimeout';`;
    expect(check('src/base/a.ts', text)).to.deep.equal([]);
    expect(check('src/io/a.ts', 'setTimeout(process.exit, Date.now());')).to.deep.equal([]);
    expect(check('src/base/hash.ts', "import { createHash } from 'node:crypto';")).to.deep.equal(
      [],
    );
  });
});
