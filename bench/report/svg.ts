/**
 * Charts as SVG text: lines over a numeric axis, or groups of bars over names. Pure; knows nothing
 * of what is measured.
 */
import { short } from './numbers.js';
import { niceTicks, powerTicks, type Scale, scaleFor } from './chart-scale.js';

export interface ChartSeries {
  readonly name: string;
  readonly points: readonly {
    readonly x: number | string;
    readonly y: number;
    readonly low: number;
    readonly high: number;
  }[];
}

export interface Chart {
  readonly title: string;
  readonly subtitle: string;
  /** With units. */
  readonly xLabel: string;
  readonly yLabel: string;
  readonly isLogX: boolean;
  /** Lines only: bars begin at zero. */
  readonly isLogY: boolean;
  readonly series: readonly ChartSeries[];
}

const WIDTH = 760;
const HEIGHT = 420;
const MARGIN = 20;
const PLOT = { left: 84, right: 736, top: 84, bottom: 352 };
/** Told apart also by people who do not see all colours. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];
const INK = '#222222';
const FAINT = '#dddddd';
const FONT = 'font-family="Helvetica, Arial, sans-serif"';
const HEADROOM = 1.06;
const TICKS = 5;
const BAR_SHARE = 0.76;

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

interface TextStyle {
  readonly size?: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly bold?: boolean;
  readonly rotated?: boolean;
}

function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { size = 12, anchor = 'start', bold = false, rotated = false } = style;
  const weight = bold ? ' font-weight="bold"' : '';
  const turn = rotated ? ` transform="rotate(-90 ${fixed(x)} ${fixed(y)})"` : '';
  const place = `x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}"`;
  return `<text ${place} font-size="${size}"${weight}${turn}>${escape(content)}</text>`;
}

function line(x1: number, y1: number, x2: number, y2: number, style: string): string {
  const ends = `x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${fixed(y2)}"`;
  return `<line ${ends} ${style}/>`;
}

function fixed(value: number): string {
  return String(Number(value.toFixed(1)));
}

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] ?? INK;
}

function yAxis({ series, isLogY }: Chart): {
  readonly ticks: readonly number[];
  readonly y: Scale;
} {
  const points = series.flatMap((each) => each.points);
  const highest = Math.max(...points.map(({ high }) => high)) * HEADROOM;
  // What is nothing has no place on a logarithmic axis: it is drawn at its lower end.
  const lowest = Math.min(highest, ...points.map(({ low }) => low).filter((low) => low > 0));
  const ticks = isLogY ? powerTicks(lowest, highest) : niceTicks(highest, TICKS);
  const [from = 0] = ticks;
  const to = Math.max(highest, ticks.at(-1) ?? 0);
  const scale = scaleFor({ from, to, low: PLOT.bottom, high: PLOT.top, isLog: isLogY });
  return { ticks, y: (value) => scale(Math.max(value, from)) };
}

export function renderChart(chart: Chart): string {
  const { ticks, y } = yAxis(chart);
  const isNumeric = chart.series.every(({ points }) =>
    points.every(({ x }) => typeof x === 'number'),
  );
  const body = isNumeric ? lines(chart, y) : bars(chart, y);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" ` +
      `viewBox="0 0 ${WIDTH} ${HEIGHT}" ${FONT} fill="${INK}">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(MARGIN, 28, chart.title, { size: 17, bold: true }),
    text(MARGIN, 47, chart.subtitle, { size: 11 }),
    ...legend(chart),
    ...ticks.flatMap((tick) => [
      line(PLOT.left, y(tick), PLOT.right, y(tick), `stroke="${FAINT}"`),
      text(PLOT.left - 8, y(tick) + 4, short(tick), { anchor: 'end' }),
    ]),
    ...body,
    line(PLOT.left, PLOT.bottom, PLOT.right, PLOT.bottom, `stroke="${INK}"`),
    text((PLOT.left + PLOT.right) / 2, HEIGHT - 22, chart.xLabel, { anchor: 'middle', size: 13 }),
    text(24, (PLOT.top + PLOT.bottom) / 2, chart.yLabel, {
      anchor: 'middle',
      size: 13,
      rotated: true,
    }),
    '</svg>',
    '',
  ].join('\n');
}

const LEGEND_CHAR = 6.4;

function legend({ series }: Chart): string[] {
  let x = MARGIN;
  return series.flatMap(({ name }, index) => {
    const at = x;
    x += 34 + name.length * LEGEND_CHAR;
    return [
      `<rect x="${fixed(at)}" y="58" width="12" height="12" fill="${colourOf(index)}"/>`,
      text(at + 17, 68, name),
    ];
  });
}

function lines(chart: Chart, y: Scale): string[] {
  const xs = [...new Set(chart.series.flatMap(({ points }) => points.map((one) => Number(one.x))))];
  xs.sort((a, b) => a - b);
  const [from = 0, to = 1] = [xs[0], xs.at(-1)];
  const inset = 24;
  const [low, high] = [PLOT.left + inset, PLOT.right - inset];
  const x = scaleFor({ from, to, low, high, isLog: chart.isLogX });
  const marks = xs.flatMap((value) => [
    line(x(value), PLOT.bottom, x(value), PLOT.bottom + 5, `stroke="${INK}"`),
    text(x(value), PLOT.bottom + 20, short(value), { anchor: 'middle' }),
  ]);
  return [
    ...marks,
    ...chart.series.flatMap(({ points }, index) => {
      const colour = colourOf(index);
      const places = points.map((one) => `${fixed(x(Number(one.x)))},${fixed(y(one.y))}`);
      return [
        `<polyline points="${places.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
        ...points.flatMap((one) => {
          const at = x(Number(one.x));
          return [
            line(at, y(one.low), at, y(one.high), `stroke="${colour}" stroke-width="1.5"`),
            `<circle cx="${fixed(at)}" cy="${fixed(y(one.y))}" r="3.5" fill="${colour}"/>`,
          ];
        }),
      ];
    }),
  ];
}

function bars(chart: Chart, y: Scale): string[] {
  const names = [...new Set(chart.series.flatMap(({ points }) => points.map(({ x }) => x)))];
  const slot = (PLOT.right - PLOT.left) / names.length;
  const width = (slot * BAR_SHARE) / chart.series.length;
  const drawn: string[] = [];
  for (const [place, name] of names.entries()) {
    const left = PLOT.left + place * slot + (slot * (1 - BAR_SHARE)) / 2;
    const middle = PLOT.left + (place + 0.5) * slot;
    drawn.push(text(middle, PLOT.bottom + 20, String(name), { anchor: 'middle' }));
    for (const [index, { points }] of chart.series.entries()) {
      const point = points.find(({ x }) => x === name);
      if (point === undefined) continue;
      const at = left + index * width;
      const centre = at + width / 2;
      const box = `x="${fixed(at)}" y="${fixed(y(point.y))}" width="${fixed(width - 2)}"`;
      const height = fixed(PLOT.bottom - y(point.y));
      drawn.push(
        `<rect ${box} height="${height}" fill="${colourOf(index)}"/>`,
        line(centre, y(point.low), centre, y(point.high), `stroke="${INK}"`),
        text(centre, y(point.high) - 5, short(point.y), { anchor: 'middle', size: 11 }),
      );
    }
  }
  return drawn;
}
