/**
 * Rules about the source that neither compiler nor linter knows: who may import whom, which words
 * only the outer files may say, how long files and functions may be. Works on the syntax tree, so
 * comments and texts do not count as code.
 */
import { posix } from 'node:path';
import ts from 'typescript';

/** What each folder of `src` may import beside itself; the arrows of docs/ARCHITECTURE.md. */
export const ARROWS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  // The network port carries typed messages.
  ports: ['base', 'rpc'],
  config: ['base', 'ports'],
  resp: ['base', 'ports'],
  storage: ['base', 'ports'],
  wal: ['base', 'ports', 'storage'],
  rpc: ['base', 'ports', 'wal', 'storage', 'resp'],
  coordinator: ['base', 'ports', 'config', 'wal', 'storage', 'rpc'],
  participant: ['base', 'ports', 'config', 'wal', 'storage', 'rpc'],
  sim: ['base', 'ports', 'config', 'resp', 'wal', 'storage', 'rpc', 'coordinator', 'participant'],
  io: [
    'base',
    'ports',
    'config',
    'resp',
    'wal',
    'storage',
    'rpc',
    'coordinator',
    'participant',
    '',
  ],
  '': ['config', 'io', 'resp'],
};

/** Packages that exactly one file may import. */
export const SOLE_IMPORTERS: readonly string[] = ['redis-parser', 'ini', 'winston'];

/** They compute, and touch nothing. */
const PURE_PACKAGES = new Set(['redis-parser', 'ini', 'node:buffer']);

const MAX_FILE_LINES = 400;
const MAX_FUNCTION_LINES = 70;
/** Names of the outside world: time, chance, the process, the terminal, the network. */
const OUTSIDE_NAMES = new Set([
  'process',
  'console',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'fetch',
  'require',
]);
const OUTSIDE_MEMBERS = new Set(['Date.now', 'Math.random']);
const FORBIDDEN_TEXT = /FIXME|TODO|XXX|\.only\b|@ts-ignore|@ts-nocheck/;

/** A source file: its path seen from the project's folder, with `/`, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export interface Import {
  readonly path: string;
  readonly line: number;
  readonly specifier: string;
}

/** Each violation as `path:line: what is wrong`. */
export function violations(file: SourceFile): string[] {
  const tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const complain = (line: number, what: string): void => {
    found.push(`${file.path}:${line}: ${what}`);
  };
  checkText(file, complain);
  const inSource = file.path.startsWith('src/');
  if (inSource) {
    for (const each of importsOf(file)) checkImport(each, (what) => complain(each.line, what));
    checkHeader(tree, complain);
  }
  const isOuter = !inSource || isOutside(file.path);
  walk(tree, (node) => {
    if (!isOuter) checkNames(tree, node, complain);
    if (inSource) checkLength(tree, node, complain);
    if (inSource && ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      complain(lineOf(tree, node), 're-exports what another file makes');
    }
  });
  return found;
}

export function importsOf(file: SourceFile): Import[] {
  const tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  walk(tree, (node) => {
    const specifier = specifierOf(node);
    if (specifier !== null) {
      found.push({ path: file.path, line: lineOf(tree, node), specifier });
    }
  });
  return found;
}

function specifierOf(node: ts.Node): string | null {
  let specifier: ts.Node | undefined;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    specifier = node.moduleSpecifier;
  } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    specifier = node.arguments[0];
  } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    specifier = node.argument.literal;
  }
  return specifier !== undefined && ts.isStringLiteral(specifier) ? specifier.text : null;
}

/** Files that may touch the operating system. */
function isOutside(path: string): boolean {
  return path.startsWith('src/io/') || path === 'src/main.ts';
}

function folderOf(path: string): string {
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? '';
}

function checkImport({ path, specifier }: Import, complain: (what: string) => void): void {
  if (!specifier.startsWith('.')) {
    const pure = PURE_PACKAGES.has(specifier);
    const hashes = path === 'src/base/hash.ts' && /^node:(crypto|zlib)$/.test(specifier);
    if (!pure && !hashes && !isOutside(path)) complain(`imports ${specifier} outside src/io`);
    return;
  }
  const target = posix.join(posix.dirname(path), specifier);
  if (target === 'src/main.js') complain('imports main, which imports everything');
  const [from, to] = [folderOf(path), folderOf(target)];
  const allowed = ARROWS[from];
  if (allowed === undefined) complain(`folder src/${from} has no place among the import arrows`);
  else if (to !== from && !allowed.includes(to)) complain(`src/${from} must not import ${target}`);
}

function checkText(file: SourceFile, complain: (line: number, what: string) => void): void {
  const lines = file.text.trimEnd().split('\n');
  if (lines.length > MAX_FILE_LINES) complain(MAX_FILE_LINES, `more than ${MAX_FILE_LINES} lines`);
  if (file.path.startsWith('tests/helpers/source-rules')) return;
  lines.forEach((line, index) => {
    const word = FORBIDDEN_TEXT.exec(line)?.[0];
    if (word !== undefined) complain(index + 1, `holds ${word}`);
  });
  const name = posix.basename(file.path).replace(/(\.test|\.d)?\.ts$/, '');
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) complain(1, 'file names are kebab-case');
  if (/^(utils?|index|common|misc)$/.test(name)) complain(1, `a file named ${name} says nothing`);
}

/** A module says what it is before its code, beside or below its imports. */
function checkHeader(tree: ts.SourceFile, complain: (line: number, what: string) => void): void {
  if (!/^(import[^]*?;\n|\s)*\/\*\*/.test(tree.text))
    complain(1, 'opens without a word on what it is');
}

function checkNames(
  tree: ts.SourceFile,
  node: ts.Node,
  complain: (line: number, what: string) => void,
): void {
  if (!ts.isIdentifier(node)) return;
  const { parent } = node;
  const isMember = ts.isPropertyAccessExpression(parent) && parent.name === node;
  const isName = 'name' in parent && parent.name === node;
  if (isMember) {
    const member = parent.getText(tree);
    if (OUTSIDE_MEMBERS.has(member)) complain(lineOf(tree, node), `uses ${member} outside src/io`);
  } else if (OUTSIDE_NAMES.has(node.text) && !isName) {
    complain(lineOf(tree, node), `uses ${node.text} outside src/io`);
  } else if (ts.isNewExpression(parent) && node.text === 'Date') {
    complain(lineOf(tree, node), 'uses new Date outside src/io');
  }
}

function checkLength(
  tree: ts.SourceFile,
  node: ts.Node,
  complain: (line: number, what: string) => void,
): void {
  if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return;
  const from = lineOf(tree, node);
  const lines = tree.getLineAndCharacterOfPosition(node.getEnd()).line + 2 - from;
  if (lines > MAX_FUNCTION_LINES) complain(from, `a function of ${lines} lines`);
}

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => {
    walk(child, visit);
  });
}

function lineOf(tree: ts.SourceFile, node: ts.Node): number {
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
}
