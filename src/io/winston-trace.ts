/**
 * The Trace port over winston: one line an event, on standard output, as text for people or as one
 * JSON object. Line ends inside a message or a value are escaped, so a line is always one event.
 */
import winston from 'winston';
import type { Trace, TraceFields, TraceLevel } from '../ports/trace.js';
import type { CrashPoint } from './crash-point.js';

const LEVELS: Readonly<Record<TraceLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 };
const FIELDS = Symbol('fields');

export interface WinstonTraceOptions {
  readonly level: TraceLevel;
  readonly format: 'text' | 'json';
  readonly output: NodeJS.WritableStream;
  readonly crashPoint: CrashPoint | null;
}

export class WinstonTrace implements Trace {
  private readonly logger: winston.Logger;
  private readonly limit: number;
  private readonly crashPoint: CrashPoint | null;

  constructor(options: WinstonTraceOptions) {
    this.limit = LEVELS[options.level];
    this.crashPoint = options.crashPoint;
    const print = options.format === 'json' ? jsonLine : textLine;
    this.logger = winston.createLogger({
      levels: LEVELS,
      level: options.level,
      format: winston.format.printf((info) =>
        print(new Date(), info.level, String(info.message), info[FIELDS] as TraceFields),
      ),
      transports: [new winston.transports.Stream({ stream: options.output, eol: '\n' })],
    });
    if (options.crashPoint !== null) {
      this.event('warn', 'this process is a test and will kill itself', {
        point: options.crashPoint.name,
      });
    }
  }

  event(level: TraceLevel, message: string, fields: TraceFields = {}): void {
    if (LEVELS[level] > this.limit) return;
    this.logger.log({ level, message, [FIELDS]: fields });
  }

  point(name: string): void {
    this.crashPoint?.visit(name);
  }
}

function textLine(time: Date, level: string, message: string, fields: TraceFields): string {
  const pairs = Object.entries(fields).map(([key, value]) => ` ${key}=${quoted(String(value))}`);
  return `${time.toISOString()} ${level.padEnd(5)} ${oneLine(message)}${pairs.join('')}`;
}

function jsonLine(time: Date, level: string, message: string, fields: TraceFields): string {
  return JSON.stringify({ time: time.toISOString(), level, message, ...fields });
}

/** Quotes only where a reader, or `grep`, could not tell where the value ends. */
function quoted(value: string): string {
  return /^[^\s"=\u0000-\u001f]+$/.test(value) ? value : JSON.stringify(value);
}

function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]/g, (character) =>
    JSON.stringify(character).slice(1, -1).replace('\u007f', '\\u007f'),
  );
}
