/**
 * Values that name their write and their size, so that the history holds only the name, and a value
 * that came back with a byte too few, too many or another is none that anybody wrote.
 */
const MARK = '.';
const SHOWN_CHARS = 60;

export function makeName(number: number, bytes: number): string {
  return `${number}${MARK}${bytes}`;
}

export function valueOf(name: string): string {
  const bytes = Number(name.split(MARK)[1] ?? '0');
  return `${name}:`.padEnd(bytes, name);
}

/** The name of a value, or something that is no name. */
export function nameOf(value: string): string {
  const name = value.split(':', 1)[0] ?? '';
  return valueOf(name) === value ? name : `damaged: ${value.slice(0, SHOWN_CHARS)}`;
}
