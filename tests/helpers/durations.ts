/**
 * How long the test command took, and the line that warns where that is more than people wait for.
 * Machines differ, so nothing fails for it.
 */

export interface Durations {
  /** The seeds of the simulator, which use every processor. */
  readonly searchSeconds: number;
  /** From the build to the last test; chaos takes as long as somebody asks for. */
  readonly allSeconds: number;
}

const SEARCH_LIMIT_SECONDS = 120;
const ALL_LIMIT_SECONDS = 480;

export function durationText(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** `warns`: on a machine whose time is known, as that of continuous integration. */
export function durationLines({ searchSeconds, allSeconds }: Durations, warns: boolean): string[] {
  const [search, all] = [durationText(searchSeconds), durationText(allSeconds)];
  const lines = [`the search took ${search}, all tests together ${all}`];
  if (!warns) return lines;
  if (searchSeconds > SEARCH_LIMIT_SECONDS)
    lines.push(warning('the search', search, SEARCH_LIMIT_SECONDS));
  if (allSeconds > ALL_LIMIT_SECONDS)
    lines.push(warning('the test command', all, ALL_LIMIT_SECONDS));
  return lines;
}

function warning(what: string, took: string, limit: number): string {
  return `WARNING: ${what} took ${took}, which is more than ${durationText(limit)}`;
}
