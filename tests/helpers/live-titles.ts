/**
 * The titles of the tests in a source file that mocha runs, from its syntax tree: neither comments
 * and other texts, nor tests that are skipped for good, by themselves or with their suite. A title
 * with `${…}` in it is given as it is written.
 */
import { type Node, parseSync } from 'oxc-parser';
import { type Place, walk } from './syntax-tree.js';

const RUN = new Set(['it', 'describe']);
const NEVER_RUN = new Set(['xit', 'xdescribe']);
const SKIP = 'skip';

export function liveTitles(path: string, text: string): string[] {
  const { program, errors } = parseSync(path, text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${path}: ${error.message}`);
  const found: string[] = [];
  walk(program, (place) => {
    const title = titleOf(place.node, text);
    if (title !== null && !isSkipped(place)) found.push(title);
  });
  return found;
}

/** Without a body, mocha takes it for one that is still to be written. */
function titleOf(node: Node, text: string): string | null {
  if (node.type !== 'CallExpression' || node.callee.type !== 'Identifier') return null;
  const [title, body] = node.arguments;
  if (!RUN.has(node.callee.name) || title === undefined || body === undefined) return null;
  return written(title, text);
}

function written(node: Node, text: string): string | null {
  switch (node.type) {
    case 'Literal':
      return typeof node.value === 'string' ? node.value : null;
    case 'TemplateLiteral':
      return text.slice(node.start + 1, node.end - 1);
    default:
      return null;
  }
}

function isSkipped(place: Place): boolean {
  for (let at: Place | null = place; at !== null; at = at.up) {
    if (at.node.type !== 'CallExpression') continue;
    const { callee } = at.node;
    if (callee.type === 'Identifier' && NEVER_RUN.has(callee.name)) return true;
    if (callee.type !== 'MemberExpression' || callee.object.type !== 'Identifier') continue;
    const isSkip = callee.property.type === 'Identifier' && callee.property.name === SKIP;
    if (isSkip && RUN.has(callee.object.name)) return true;
  }
  return false;
}
