/**
 * The compiler and the linter, as this project sets them up, refuse what they were chosen for. Each
 * plant is a file of its own beside one that is fine, in a folder with the project's settings.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { PROJECT_ROOT } from '../../helpers/project-root.js';

const STORE = `
export class Store {
  save(key: string): Promise<number> {
    return Promise.resolve(key.length);
  }
}
export function flush(): Promise<void> {
  return Promise.resolve();
}
`;

const PLANTS: Readonly<Record<string, string>> = {
  'store.ts': STORE,
  'awaited.ts': `
import { Store, flush } from './store.js';
export async function run(): Promise<void> {
  await new Store().save('k');
  await flush();
}
`,
  'method.ts': `
import { Store } from './store.js';
export function run(): void {
  new Store().save('k');
}
`,
  'alias.ts': `
import { flush as alias } from './store.js';
const again = alias;
export function run(): void {
  again();
}
`,
  'void.ts': `
import { flush } from './store.js';
export function run(): void {
  void flush();
}
`,
  'callback.ts': `
import { flush } from './store.js';
export function run(values: readonly number[]): void {
  values.forEach(async () => {
    await flush();
  });
}
`,
  'explicit-any.ts': 'export const value: any = 1;\n',
  'unsafe.ts': `
export function run(text: string): string {
  return JSON.parse(text).name;
}
`,
  'switch.ts': `
export function run(kind: 'a' | 'b'): void {
  switch (kind) {
    case 'a':
      break;
  }
}
`,
  'implicit-any.ts': 'export function run(value) {\n  return value;\n}\n',
  'unchecked-index.ts':
    'export function run(list: string[]): number {\n  return list[0].length;\n}\n',
  'optional.ts': 'export const value: { a?: number } = { a: undefined };\n',
};

/** What the tools print about one place: `path:line:column: …` or `path(line,column): …`. */
const PLACE = /([\w-]+\.ts)(?::\d+:\d+:|\(\d+,\d+\):) (.*)/g;

describe('compiler and linter', function () {
  this.timeout(60_000);
  let folder = '';
  let linted: string[] = [];
  let compiled: string[] = [];

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'plants-'));
    mkdirSync(join(folder, 'src'));
    for (const [name, text] of Object.entries(PLANTS)) {
      writeFileSync(join(folder, 'src', name), text);
    }
    for (const name of ['package.json', '.oxlintrc.json']) {
      copyFileSync(join(PROJECT_ROOT, name), join(folder, name));
    }
    symlinkSync(join(PROJECT_ROOT, 'node_modules'), join(folder, 'node_modules'));
    const extended = {
      extends: join(PROJECT_ROOT, 'tsconfig.json'),
      compilerOptions: { noEmit: true, incremental: false, rootDir: 'src' },
      include: ['src/*.ts'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(extended));
    linted = complaints('oxlint', '-f', 'unix', 'src');
    compiled = complaints('tsc', '--pretty', 'false');
  });

  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('accept what is fine', () => {
    expect([...linted, ...compiled].filter((line) => /^(awaited|store)\.ts/.test(line))).to.be
      .empty;
  });

  const refusedByLinter: [string, string, string][] = [
    ['a floating promise from an imported method', 'method.ts', 'no-floating-promises'],
    ['a floating promise behind an alias', 'alias.ts', 'no-floating-promises'],
    ['a promise thrown away with void', 'void.ts', 'no-floating-promises'],
    ['a promise where nobody waits for one', 'callback.ts', 'no-misused-promises'],
    ['an explicit any', 'explicit-any.ts', 'no-explicit-any'],
    ['an any from elsewhere', 'unsafe.ts', 'no-unsafe-return'],
    ['a switch that forgets a case', 'switch.ts', 'switch-exhaustiveness-check'],
  ];
  for (const [what, file, rule] of refusedByLinter) {
    it(`refuse ${what}`, () => {
      const found = linted.filter((line) => line.startsWith(file));
      expect(found.join('\n')).to.include(`[Error/typescript(${rule})]`);
    });
  }

  const refusedByCompiler: [string, string, number][] = [
    ['an implicit any', 'implicit-any.ts', 7006],
    ['an element that may not be there', 'unchecked-index.ts', 2532],
    ['undefined in place of an absent property', 'optional.ts', 2375],
  ];
  for (const [what, file, code] of refusedByCompiler) {
    it(`refuse ${what}`, () => {
      const found = compiled.filter((line) => line.startsWith(file));
      expect(found).to.have.length(1);
      expect(found[0]).to.include(`error TS${code}:`);
    });
  }

  /** One line a complaint, which begins with the name of the file. */
  function complaints(tool: string, ...args: string[]): string[] {
    const command = join(PROJECT_ROOT, 'node_modules', '.bin', tool);
    const { stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
    expect(stderr).to.equal('');
    return [...stdout.matchAll(PLACE)].map(([, file, what]) => `${file} ${what}`);
  }
});
