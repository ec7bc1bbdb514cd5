/** Reads RESP2 replies as a client does, from chunks cut anywhere. Independent of `src/resp`. */
export type RespReply = string | number | null | Error | readonly (string | null)[];

export class RespReplies {
  private text = '';
  private at = 0;

  push(chunk: Buffer): RespReply[] {
    this.text = this.text.slice(this.at) + chunk.toString('latin1');
    this.at = 0;
    const replies: RespReply[] = [];
    for (;;) {
      const start = this.at;
      const reply = this.read();
      if (reply === undefined) {
        this.at = start;
        return replies;
      }
      replies.push(reply);
    }
  }

  private read(): RespReply | undefined {
    const line = this.line();
    if (line === undefined) return undefined;
    const rest = line.slice(1);
    switch (line[0]) {
      case '+':
        return rest;
      case '-':
        return new Error(rest);
      case ':':
        return Number(rest);
      case '$':
        return this.bulk(Number(rest));
      case '*':
        return this.array(Number(rest));
      default:
        throw new Error(`no RESP2 reply: ${line.slice(0, 60)}`);
    }
  }

  private line(): string | undefined {
    const end = this.text.indexOf('\r\n', this.at);
    if (end < 0) return undefined;
    const line = this.text.slice(this.at, end);
    this.at = end + 2;
    return line;
  }

  private bulk(length: number): string | null | undefined {
    if (length < 0) return null;
    if (this.text.length < this.at + length + 2) return undefined;
    const value = this.text.slice(this.at, this.at + length);
    this.at += length + 2;
    return value;
  }

  private array(count: number): (string | null)[] | undefined {
    const items: (string | null)[] = [];
    for (let index = 0; index < count; index += 1) {
      const line = this.line();
      if (line === undefined) return undefined;
      const item = this.bulk(Number(line.slice(1)));
      if (item === undefined) return undefined;
      items.push(item);
    }
    return items;
  }
}
