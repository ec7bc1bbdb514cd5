/**
 * Kills this process at a named point, for tests of what a crash exactly there leaves behind.
 * Reachable only through the environment variable `KV_CRASH_POINT=NAME[:COUNT]`, where COUNT is the
 * visit that kills (1 without it); a process that has it says so in a warning when it starts.
 */
export const CRASH_POINT_VARIABLE = 'KV_CRASH_POINT';

export class CrashPoint {
  private constructor(
    readonly name: string,
    private visitsLeft: number,
    private readonly kill: () => void,
  ) {}

  /** Null where the variable is absent. */
  static parse(
    value: string | undefined,
    kill: () => void = () => process.kill(process.pid, 'SIGKILL'),
  ): CrashPoint | null {
    const match = /^([^:]+)(?::(\d+))?$/.exec(value ?? '');
    if (match === null) return null;
    return new CrashPoint(match[1] ?? '', Number(match[2] ?? 1), kill);
  }

  visit(name: string): void {
    if (name !== this.name) return;
    this.visitsLeft--;
    if (this.visitsLeft === 0) this.kill();
  }
}
