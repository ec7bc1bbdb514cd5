/** Numbers for people: three digits that mean something, thousands apart. */

export function readable(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  if (size >= 10) return value.toFixed(1);
  return value.toFixed(size >= 0.995 || size === 0 ? 2 : 3);
}

/** For axes: 1000 becomes 1 k. */
export function short(value: number): string {
  const units: readonly [number, string][] = [
    [1e9, ' G'],
    [1e6, ' M'],
    [1e3, ' k'],
  ];
  for (const [size, name] of units) {
    if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(3))}${name}`;
  }
  return String(Number(value.toPrecision(3)));
}
