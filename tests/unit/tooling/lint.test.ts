/**
 * The compiler and the linter, as this project sets them up, refuse what they were chosen for. Each
 * plant is a file of its own in a folder of the project, beside one that is fine.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ESLint } from 'eslint';
import ts from 'typescript';
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

describe('compiler and linter', function () {
  this.timeout(60_000);
  let folder = '';
  const rules = new Map<string, string[]>();

  before(async () => {
    mkdirSync(join(PROJECT_ROOT, '.build'), { recursive: true });
    folder = mkdtempSync(join(PROJECT_ROOT, '.build', 'plants-'));
    for (const [name, text] of Object.entries(PLANTS)) writeFileSync(join(folder, name), text);
    const extended = { extends: '../../tsconfig.json', include: ['*.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(extended));
    const eslint = new ESLint({
      cwd: PROJECT_ROOT,
      // The folder is ignored otherwise, as all that is built.
      ignore: false,
      overrideConfig: {
        languageOptions: {
          parserOptions: { projectService: false, project: join(folder, 'tsconfig.json') },
        },
      },
    });
    for (const result of await eslint.lintFiles([join(folder, '*.ts')])) {
      const name = result.filePath.slice(folder.length + 1);
      rules.set(
        name,
        result.messages.map((message) => message.ruleId ?? message.message),
      );
    }
  });

  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('accept what is fine', () => {
    expect(rules.get('awaited.ts')).to.deep.equal([]);
    expect(rules.get('store.ts')).to.deep.equal([]);
    expect(compilerErrors(join(folder, 'awaited.ts'))).to.deep.equal([]);
  });

  const linted: [string, string, string][] = [
    ['a floating promise from an imported method', 'method.ts', 'no-floating-promises'],
    ['a floating promise behind an alias', 'alias.ts', 'no-floating-promises'],
    ['a promise thrown away with void', 'void.ts', 'no-floating-promises'],
    ['a promise where nobody waits for one', 'callback.ts', 'no-misused-promises'],
    ['an explicit any', 'explicit-any.ts', 'no-explicit-any'],
    ['an any from elsewhere', 'unsafe.ts', 'no-unsafe-return'],
    ['a switch that forgets a case', 'switch.ts', 'switch-exhaustiveness-check'],
  ];
  for (const [what, file, rule] of linted) {
    it(`refuse ${what}`, () => {
      expect(rules.get(file)).to.include(`@typescript-eslint/${rule}`);
    });
  }

  const compiled: [string, string, number][] = [
    ['an implicit any', 'implicit-any.ts', 7006],
    ['an element that may not be there', 'unchecked-index.ts', 2532],
    ['undefined in place of an absent property', 'optional.ts', 2375],
  ];
  for (const [what, file, code] of compiled) {
    it(`refuse ${what}`, () => {
      expect(compilerErrors(join(folder, file))).to.deep.equal([code]);
    });
  }
});

/** The codes of the compiler's errors in one file, under the project's options. */
function compilerErrors(file: string): number[] {
  const { config } = ts.readConfigFile(join(PROJECT_ROOT, 'tsconfig.json'), (path) =>
    ts.sys.readFile(path),
  ) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, PROJECT_ROOT);
  const program = ts.createProgram([file], { ...options, noEmit: true, incremental: false });
  const source = program.getSourceFile(file);
  return ts.getPreEmitDiagnostics(program, source).map((diagnostic) => diagnostic.code);
}
