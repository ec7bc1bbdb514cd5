/** From values to places in a picture, and round values to mark. Pure. */

export type Scale = (value: number) => number;

export function scaleFor(options: {
  readonly from: number;
  readonly to: number;
  /** Where `from` and `to` are in the picture. */
  readonly low: number;
  readonly high: number;
  readonly isLog: boolean;
}): Scale {
  const { from, to, low, high, isLog } = options;
  const place = isLog ? Math.log10 : (value: number): number => value;
  const [start, end] = [place(from), place(to)];
  if (start === end) return () => (low + high) / 2;
  return (value) => low + ((place(value) - start) / (end - start)) * (high - low);
}

const STEPS = [1, 2, 2.5, 5, 10];

/** From zero to the first round value that is not below `highest`, in about `count` steps. */
export function niceTicks(highest: number, count: number): number[] {
  if (!(highest > 0)) return [0];
  const rough = highest / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = (STEPS.find((each) => each * power >= rough) ?? 10) * power;
  const ticks: number[] = [];
  for (let index = 0; (index - 1) * step < highest; index += 1) ticks.push(index * step);
  return ticks;
}

/** Powers of ten from at most `lowest` to at least `highest`, both above zero. */
export function powerTicks(lowest: number, highest: number): number[] {
  const first = Math.floor(Math.log10(lowest));
  const last = Math.max(first + 1, Math.ceil(Math.log10(highest)));
  return Array.from({ length: last - first + 1 }, (_none, index) => 10 ** (first + index));
}
