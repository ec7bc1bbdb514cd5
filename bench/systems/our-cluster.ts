/** A cluster of this program, as its users run it: one coordinator and some participants. */
import { type Cluster, makeCluster, type Settings } from '../../tests/helpers/processes.js';
import type { StartOptions } from '../../tests/helpers/role-process.js';
import type { Operation } from '../load/load-spec.js';
import type { System } from './system.js';

export interface OurClusterOptions {
  readonly folder: string;
  readonly participants?: number;
  readonly settings?: Settings;
  /** For the participants alone. */
  readonly participantSettings?: Settings;
  readonly start?: StartOptions;
}

export class OurCluster implements System {
  readonly set: Operation = 'set';

  private constructor(
    readonly cluster: Cluster,
    private readonly participants: number,
  ) {}

  static async start(options: OurClusterOptions): Promise<OurCluster> {
    const { folder, participants = 3, settings = {}, participantSettings = {}, start } = options;
    const numbers = Array.from({ length: participants }, (_, index) => index + 1);
    const cluster = await makeCluster({
      parentFolder: folder,
      participants,
      settings,
      roleSettings: Object.fromEntries(
        numbers.map((number) => [`participant${number}`, participantSettings]),
      ),
    });
    await cluster.start(start);
    return new OurCluster(cluster, participants);
  }

  get label(): string {
    return `kvstore2pcsystem, ${this.participants} participant${this.participants === 1 ? '' : 's'}`;
  }

  get port(): number {
    return this.cluster.coordinator.port;
  }

  get pids(): readonly number[] {
    return this.cluster.roles.map((role) => role.pid);
  }

  stop(): Promise<void> {
    return this.cluster.end();
  }
}
