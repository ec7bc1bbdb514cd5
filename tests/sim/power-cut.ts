/**
 * What a power cut took of a folder, in words for coverage marks. Compares the folder as it was
 * seen with what is left: it draws nothing and changes nothing.
 */
type Names = ReadonlyMap<string, unknown>;

/** One entry for each name that is not what it was. */
export function lostNames(seen: Names, left: Names): string[] {
  const before = new Set(seen.values());
  const after = new Set(left.values());
  const gone = [...seen].filter(([name, node]) => left.get(name) !== node);
  return [
    ...gone.map(([, node]) => (after.has(node) ? 'a rename was lost' : 'a created name was lost')),
    ...[...after].filter((node) => !before.has(node)).map(() => 'a removed file was back'),
  ];
}
