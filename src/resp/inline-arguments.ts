/**
 * Splits the line of an inline command into arguments by the rules of Redis's `sdssplitargs`: white
 * space separates; "double quotes" know \n \r \t \b \a, \xHH and a backslash before any other byte;
 * 'single quotes' know only \'; a closing quote must be followed by white space or the end; a NUL
 * ends the line. Knows nothing of how lines are found.
 */

const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const BACKSLASH = 0x5c;
const LETTER_X = 0x78;

const ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
  [0x62, 0x08],
  [0x61, 0x07],
]);

/** The C library's `isspace`. */
function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= 0x09 && byte <= 0x0d);
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}

/** Walks one line; one instance a line. */
class LineSplitter {
  private at = 0;
  private readonly end: number;
  private readonly scratch: Buffer;
  private written = 0;

  constructor(private readonly line: Buffer) {
    const nul = line.indexOf(0);
    this.end = nul < 0 ? line.length : nul;
    this.scratch = Buffer.allocUnsafe(this.end);
  }

  split(): Buffer[] | null {
    const args: Buffer[] = [];
    for (;;) {
      while (this.at < this.end && isSpace(this.peek())) this.at += 1;
      if (this.at >= this.end) return args;
      this.written = 0;
      if (!this.argument()) return null;
      args.push(Buffer.from(this.scratch.subarray(0, this.written)));
    }
  }

  /** False if a quote is unbalanced. Quotes may begin in the middle of a word, as in Redis. */
  private argument(): boolean {
    while (this.at < this.end) {
      const byte = this.peek();
      if (isSpace(byte)) return true;
      this.at += 1;
      if (byte === DOUBLE_QUOTE) return this.doubleQuoted() && this.atBoundary();
      if (byte === SINGLE_QUOTE) return this.singleQuoted() && this.atBoundary();
      this.put(byte);
    }
    return true;
  }

  private doubleQuoted(): boolean {
    while (this.at < this.end) {
      const byte = this.peek();
      this.at += 1;
      if (byte === DOUBLE_QUOTE) return true;
      if (byte === BACKSLASH && this.at < this.end) this.escape();
      else this.put(byte);
    }
    return false;
  }

  private escape(): void {
    const byte = this.peek();
    const high = this.at + 2 < this.end ? hexDigit(this.line[this.at + 1]) : -1;
    const low = this.at + 2 < this.end ? hexDigit(this.line[this.at + 2]) : -1;
    if (byte === LETTER_X && high >= 0 && low >= 0) {
      this.put(high * 16 + low);
      this.at += 3;
      return;
    }
    this.put(ESCAPES.get(byte) ?? byte);
    this.at += 1;
  }

  private singleQuoted(): boolean {
    while (this.at < this.end) {
      const byte = this.peek();
      this.at += 1;
      if (byte === SINGLE_QUOTE) return true;
      if (byte === BACKSLASH && this.at < this.end && this.peek() === SINGLE_QUOTE) {
        this.put(SINGLE_QUOTE);
        this.at += 1;
      } else {
        this.put(byte);
      }
    }
    return false;
  }

  private atBoundary(): boolean {
    return this.at >= this.end || isSpace(this.peek());
  }

  private peek(): number {
    return this.line[this.at] ?? 0;
  }

  private put(byte: number): void {
    this.scratch[this.written] = byte;
    this.written += 1;
  }
}

/** The arguments of a line, none for a blank one; null for unbalanced quotes. */
export function splitInlineArguments(line: Buffer): Buffer[] | null {
  return new LineSplitter(line).split();
}
