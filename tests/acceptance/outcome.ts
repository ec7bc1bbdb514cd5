/** Prints measured figures, remembers which of them are not as promised, and ends the program. */

export class Outcome {
  readonly #broken: string[] = [];

  figure(name: string, value: number | string): void {
    console.log(`${name.padEnd(58)} ${value}`);
  }

  /** A figure with the promise it is held against. */
  promise(name: string, value: number | string, kept: boolean): void {
    console.log(
      `${name.padEnd(58)} ${String(value).padEnd(12)} ${kept ? 'ok' : 'NOT AS PROMISED'}`,
    );
    if (!kept) this.#broken.push(name);
  }

  finish(): void {
    console.log(this.#broken.length === 0 ? 'PASSED' : `FAILED: ${this.#broken.join('; ')}`);
    process.exitCode = this.#broken.length === 0 ? 0 : 1;
  }
}

/** `--name N` of the command line. */
export function numberArgument(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`);
  const value = at === -1 ? fallback : Number(process.argv[at + 1]);
  if (!Number.isFinite(value)) throw new Error(`--${name} needs a number`);
  return value;
}
