/** One row of the bench: a question that is asked of running systems. */
import type { Figure } from './figure.js';
import type { LoadGenerator } from './load/load-generator.js';
import type { Scale } from './scale.js';
import type { SystemName, Systems } from './systems/systems.js';

export interface Bench {
  readonly scale: Scale;
  /** Where systems keep their data, on the disk that is measured. */
  readonly folder: string;
  readonly generator: LoadGenerator;
  readonly systems: Systems;
  say(line: string): void;
}

export interface Row {
  readonly name: string;
  readonly title: string;
  /** Programs without which the row is skipped. */
  readonly tools: readonly string[];
  /** Systems that it shares with other rows. */
  readonly uses: readonly SystemName[];
  readonly isQuick: boolean;
  measure(bench: Bench): Promise<Figure[]>;
}
