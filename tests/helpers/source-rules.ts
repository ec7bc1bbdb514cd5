/**
 * Rules about the source that neither compiler nor linter knows: who may import whom, which words
 * only the outer files may say, how long files and functions may be. Works on the syntax tree, so
 * comments and texts do not count as code.
 */
import { posix } from 'node:path';
import { type Node, parseSync } from 'oxc-parser';
import { lineCounter, type Place, walk } from './syntax-tree.js';

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
/** Where a syntax tree holds a name that is made there. */
const NAMING_KEYS = new Set(['id', 'label', 'local', 'imported', 'params', 'param', 'parameter']);
const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);
const MAX_LINE_LENGTH = 100;
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

type Complain = (line: number, what: string) => void;

/** Each violation as `path:line: what is wrong`. */
export function violations(file: SourceFile): string[] {
  const found: string[] = [];
  const complain = (line: number, what: string): void => {
    found.push(`${file.path}:${line}: ${what}`);
  };
  checkText(file, complain);
  const inSource = file.path.startsWith('src/');
  if (inSource) {
    for (const each of importsOf(file)) checkImport(each, (what) => complain(each.line, what));
    checkHeader(file, complain);
  }
  const isOuter = !inSource || isOutside(file.path);
  const lineOf = lineCounter(file.text);
  walk(parse(file), (place) => {
    const { node } = place;
    const line = lineOf(node.start);
    if (!isOuter) checkNames(place, (what) => complain(line, what));
    if (inSource) checkLength(node, lineOf, complain);
    if (inSource && isReExport(node)) complain(line, 're-exports what another file makes');
  });
  return found;
}

export function importsOf(file: SourceFile): Import[] {
  const found: Import[] = [];
  const lineOf = lineCounter(file.text);
  walk(parse(file), ({ node }) => {
    const specifier = specifierOf(node);
    if (specifier !== null) found.push({ path: file.path, line: lineOf(node.start), specifier });
  });
  return found;
}

function parse({ path, text }: SourceFile): Node {
  const { program, errors } = parseSync(path, text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${path}: ${error.message}`);
  return program;
}

function isReExport(node: Node): boolean {
  const isExport = node.type === 'ExportNamedDeclaration' || node.type === 'ExportAllDeclaration';
  return isExport && node.source !== null;
}

function specifierOf(node: Node): string | null {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
    case 'TSImportType':
      return node.source?.value ?? null;
    case 'ImportExpression':
      return node.source.type === 'Literal' ? String(node.source.value) : null;
    default:
      return null;
  }
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

function checkText(file: SourceFile, complain: Complain): void {
  const lines = file.text.trimEnd().split('\n');
  if (lines.length > MAX_FILE_LINES) complain(MAX_FILE_LINES, `more than ${MAX_FILE_LINES} lines`);
  if (file.path.startsWith('tests/helpers/source-rules')) return;
  lines.forEach((line, index) => {
    const word = FORBIDDEN_TEXT.exec(line)?.[0];
    if (word !== undefined) complain(index + 1, `holds ${word}`);
    const mayHoldText = /['"`]/.test(line) && !/^\s*(\/\/|\/?\*)/.test(line);
    if (line.length > MAX_LINE_LENGTH && !mayHoldText) {
      complain(index + 1, `a line of more than ${MAX_LINE_LENGTH} characters`);
    }
  });
  const name = posix.basename(file.path).replace(/(\.test|\.d)?\.ts$/, '');
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) complain(1, 'file names are kebab-case');
  if (/^(utils?|index|common|misc)$/.test(name)) complain(1, `a file named ${name} says nothing`);
}

/** A module says what it is before its code, beside or below its imports. */
function checkHeader({ text }: SourceFile, complain: Complain): void {
  if (!/^(import[^]*?;\n|\s)*\/\*\*/.test(text)) complain(1, 'opens without a word on what it is');
}

function checkNames(place: Place, complain: (what: string) => void): void {
  const { node, up } = place;
  if (node.type === 'MemberExpression' && !node.computed) {
    const { object, property } = node;
    const member = `${object.type === 'Identifier' ? object.name : ''}.${property.name}`;
    if (OUTSIDE_MEMBERS.has(member)) complain(`uses ${member} outside src/io`);
  }
  if (node.type !== 'Identifier' || isNaming(place)) return;
  if (OUTSIDE_NAMES.has(node.name)) complain(`uses ${node.name} outside src/io`);
  if (node.name === 'Date' && up?.node.type === 'NewExpression' && place.key === 'callee') {
    complain('uses new Date outside src/io');
  }
}

/** It names something of this file's own, a member or a variable, and is no use of a global. */
function isNaming({ key, up }: Place): boolean {
  const parent = up?.node;
  if (parent === undefined) return false;
  if (NAMING_KEYS.has(key)) return true;
  if (key === 'key' || key === 'property') return !('computed' in parent && parent.computed);
  if (key === 'left') return parent.type === 'AssignmentPattern';
  if (key === 'value') return parent.type === 'Property' && up?.up?.node.type === 'ObjectPattern';
  return parent.type === 'ArrayPattern' || parent.type === 'RestElement';
}

function checkLength(node: Node, lineOf: (offset: number) => number, complain: Complain): void {
  if (!FUNCTIONS.has(node.type)) return;
  const from = lineOf(node.start);
  const lines = lineOf(node.end) + 1 - from;
  if (lines > MAX_FUNCTION_LINES) complain(from, `a function of ${lines} lines`);
}
