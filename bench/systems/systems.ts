/**
 * The systems that rows share. Each is started when a row first asks for it and stopped when no
 * later row will. Those of the base point hold its keys already, and have served for a while, as
 * has the bare pattern: what compiles itself while it runs takes some seconds for that.
 */
import type { LoadGenerator } from '../load/load-generator.js';
import { BASE_LOAD } from '../load/load-spec.js';
import type { Scale } from '../scale.js';
import { BarePattern } from './bare-pattern.js';
import { ManyKeys } from './many-keys.js';
import { OurCluster } from './our-cluster.js';
import { RedisServer } from './redis-server.js';
import { ReplicatedRedis } from './replicated-redis.js';
import { fill, type System } from './system.js';

/** SETs before the first row. */
const FIRST_SECONDS = 3;

export type SystemName = 'ours' | 'floor' | 'alone' | 'replicated' | 'manyKeys';

export class Systems {
  private readonly running = new Map<SystemName, System>();

  constructor(
    private readonly folder: string,
    private readonly generator: LoadGenerator,
    private readonly scale: Scale,
  ) {}

  ours(): Promise<System> {
    return this.get('ours', () => this.filled(OurCluster.start({ folder: this.folder })));
  }

  /** Has no store to fill. */
  floor(): Promise<System> {
    return this.get('floor', async () => this.served(await BarePattern.start(this.folder)));
  }

  /** The one without replicas, or the one with. */
  peer(name: 'alone' | 'replicated'): Promise<System> {
    const kind = name === 'alone' ? RedisServer : ReplicatedRedis;
    return this.get<System>(name, () => this.filled<System>(kind.start(this.folder)));
  }

  manyKeys(): Promise<ManyKeys> {
    const { folder, generator } = this;
    const { manyKeys: keys, deltaMemory } = this.scale;
    return this.get('manyKeys', () => ManyKeys.start({ folder, generator, keys, deltaMemory }));
  }

  async keepOnly(names: ReadonlySet<SystemName>): Promise<void> {
    for (const [name, system] of [...this.running]) {
      if (names.has(name)) continue;
      this.running.delete(name);
      await system.stop();
    }
  }

  private async get<T extends System>(name: SystemName, start: () => Promise<T>): Promise<T> {
    const known = this.running.get(name);
    // Each name is only ever asked for with one type.
    if (known !== undefined) return known as T;
    const system = await start();
    this.running.set(name, system);
    return system;
  }

  private async filled<T extends System>(starting: Promise<T>): Promise<T> {
    const system = await starting;
    await fill(this.generator, system.port, this.scale.keys, BASE_LOAD.valueBytes);
    return this.served(system);
  }

  private async served<T extends System>(system: T): Promise<T> {
    const { port, set } = system;
    const load = { ...BASE_LOAD, port, operations: [set], warmUpSeconds: 0 };
    await this.generator.run({ ...load, seconds: FIRST_SECONDS });
    return system;
  }
}
