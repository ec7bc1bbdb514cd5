/** A cluster with many keys of 16 bytes and values of 100, and what its processes held before. */
import type { RoleProcess } from '../../tests/helpers/role-process.js';
import type { LoadGenerator } from '../load/load-generator.js';
import { type Memory, memoryAfterCollection } from '../measures/memory.js';
import { OurCluster, WITH_MEMORY_PROBE } from './our-cluster.js';
import { fill, type System } from './system.js';

export const MANY_KEYS_VALUE_BYTES = 100;

export interface ManyKeysOptions {
  readonly folder: string;
  readonly generator: LoadGenerator;
  readonly keys: number;
  readonly deltaMemory: string;
}

export class ManyKeys implements System {
  private constructor(
    readonly ours: OurCluster,
    readonly keys: number,
    private readonly empty: ReadonlyMap<RoleProcess, Memory>,
    private readonly full: ReadonlyMap<RoleProcess, Memory>,
  ) {}

  static async start(options: ManyKeysOptions): Promise<ManyKeys> {
    const { folder, generator, keys, deltaMemory } = options;
    const settings = { delta_memory: deltaMemory };
    const ours = await OurCluster.start({ folder, settings, start: WITH_MEMORY_PROBE });
    const empty = await memoryOfAll(ours);
    await fill(generator, ours.port, keys, MANY_KEYS_VALUE_BYTES);
    return new ManyKeys(ours, keys, empty, await memoryOfAll(ours));
  }

  get label(): string {
    return this.ours.label;
  }

  get port(): number {
    return this.ours.port;
  }

  get pids(): readonly number[] {
    return this.ours.pids;
  }

  get set(): System['set'] {
    return this.ours.set;
  }

  /** Resident bytes that the keys have added, for each one, at each participant. */
  get bytesPerKey(): number[] {
    return this.ours.cluster.participants.map((role) => {
      const grown = (this.full.get(role)?.rss ?? NaN) - (this.empty.get(role)?.rss ?? NaN);
      return grown / this.keys;
    });
  }

  stop(): Promise<void> {
    return this.ours.stop();
  }
}

async function memoryOfAll({ cluster }: OurCluster): Promise<Map<RoleProcess, Memory>> {
  const all = new Map<RoleProcess, Memory>();
  for (const role of cluster.roles) all.set(role, await memoryAfterCollection(role));
  return all;
}
