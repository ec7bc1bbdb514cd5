/**
 * Why a configuration was refused: one sentence that names the file and, where there is one, the
 * line and the key. The sentence never holds the value of a secret.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'bad_config';

  constructor(
    readonly fileName: string,
    /** Counted from 1; null when the fault is that something is missing. */
    readonly line: number | null,
    readonly key: string | null,
    reason: string,
  ) {
    const place = line === null ? fileName : `${fileName}:${line}`;
    super(key === null ? `${place}: ${reason}` : `${place}: ${key}: ${reason}`);
  }
}

/** A line that no format accepts; becomes a `ConfigError` where the file's name is known. */
export class LineError extends Error {
  override readonly name = 'LineError';
  constructor(
    readonly line: number,
    readonly key: string | null,
    reason: string,
  ) {
    super(reason);
  }
}

/** A value that its type refuses; becomes a `ConfigError` where file, line and key are known. */
export class BadValueError extends Error {
  override readonly name = 'BadValueError';
}
