/**
 * Coverage marks: how often each path of interest was taken, by name. What the shipped code says
 * of itself (its trace) counts under its sentence, up to the first colon, so that shipped code
 * carries nothing for tests.
 */
export class Marks {
  readonly counts = new Map<string, number>();

  hit(name: string, times = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + times);
  }

  said(text: string): void {
    this.hit(`said: ${text.split(/[:\d]/)[0]?.trim() ?? ''}`);
  }
}
