/** A cluster with many keys of 16 bytes, and what its processes held before. */
import type { RoleProcess } from '../../tests/helpers/role-process.js';
import type { LoadGenerator } from '../load/load-generator.js';
import { type Memory, memoryAfterCollection } from '../measures/memory.js';
import { withProbe } from '../measures/probes.js';
import { OurCluster } from './our-cluster.js';
import { fill, type System } from './system.js';

export const MANY_KEYS_VALUE_BYTES = 100;

export interface ManyKeysOptions {
  readonly folder: string;
  readonly generator: LoadGenerator;
  readonly keys: number;
  readonly deltaMemory: string;
  /** 100 if it is not given. */
  readonly valueBytes?: number;
  readonly participants?: number;
}

export class ManyKeys implements System {
  private constructor(
    readonly ours: OurCluster,
    readonly keys: number,
    private readonly empty: ReadonlyMap<RoleProcess, Memory>,
    private readonly full: ReadonlyMap<RoleProcess, Memory>,
  ) {}

  static async start(options: ManyKeysOptions): Promise<ManyKeys> {
    const { folder, generator, keys, deltaMemory, participants = 3 } = options;
    const { valueBytes = MANY_KEYS_VALUE_BYTES } = options;
    const settings = { delta_memory: deltaMemory };
    const start = withProbe('memory-probe');
    const ours = await OurCluster.start({ folder, settings, participants, start });
    const empty = await memoryOfAll(ours);
    await fill(generator, ours.port, keys, valueBytes);
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
    return this.participantBytes.map((bytes) => bytes / this.keys);
  }

  /** Resident bytes that each participant has more than before. */
  get participantBytes(): number[] {
    return this.ours.cluster.participants.map((role) => this.grown(role));
  }

  /** Resident bytes that the coordinator has more than before. */
  get coordinatorBytes(): number {
    return this.grown(this.ours.cluster.coordinator);
  }

  private grown(role: RoleProcess): number {
    return (this.full.get(role)?.rss ?? NaN) - (this.empty.get(role)?.rss ?? NaN);
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
