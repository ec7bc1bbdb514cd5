/** Walks a syntax tree of the parser of the linter (ESTree with types); knows no rules. */
import { type Node, visitorKeys } from 'oxc-parser';

/** A node and where it hangs; `key` is the property of the node above that holds it. */
export interface Place {
  readonly node: Node;
  readonly key: string;
  readonly up: Place | null;
}

/** From the root down, in the order of the text. */
export function walk(root: Node, visit: (place: Place) => void): void {
  visitAll({ node: root, key: '', up: null }, visit);
}

function visitAll(place: Place, visit: (place: Place) => void): void {
  visit(place);
  const children = place.node as unknown as Readonly<Record<string, Node | (Node | null)[] | null>>;
  for (const key of visitorKeys[place.node.type] ?? []) {
    const child = children[key] ?? [];
    for (const node of Array.isArray(child) ? child : [child]) {
      // An array may have holes: `[, second]`.
      if (node !== null) visitAll({ node, key, up: place }, visit);
    }
  }
}

/** Line of an offset into the text, from 1. */
export function lineCounter(text: string): (offset: number) => number {
  const ends = [...text.matchAll(/\n/g)].map(({ index }) => index);
  return (offset) => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
}
