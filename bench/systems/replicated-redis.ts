/**
 * A redis-server with three replicas, all of which sync every write. Clients send WAIT 3 after each
 * SET: then the write is in the memory of three replicas, and on the disk of the primary.
 */
import { WAIT_REPLICAS, type Operation } from '../load/load-spec.js';
import { RedisServer } from './redis-server.js';
import type { System } from './system.js';

export class ReplicatedRedis implements System {
  readonly label = 'redis-server with 3 replicas, all appendfsync always, WAIT 3';
  readonly set: Operation = 'setThenWait';

  private constructor(
    private readonly primary: RedisServer,
    private readonly replicas: readonly RedisServer[],
  ) {}

  static async start(folder: string): Promise<ReplicatedRedis> {
    const primary = await RedisServer.start(folder, [
      ...['--repl-diskless-sync', 'yes', '--repl-diskless-sync-delay', '0'],
      // A replica that lags must not be thrown out in the middle of a measurement.
      ...['--client-output-buffer-limit', 'replica 0 0 0'],
    ]);
    const replicas: RedisServer[] = [];
    for (let count = 0; count < WAIT_REPLICAS; count += 1) {
      const primaryAddress = ['--replicaof', `127.0.0.1 ${primary.port}`];
      replicas.push(await RedisServer.start(folder, primaryAddress));
    }
    const system = new ReplicatedRedis(primary, replicas);
    for (const replica of replicas) {
      await replica.until('it follows the primary', async () => {
        const replication = await replica.info('replication');
        const persistence = await replica.info('persistence');
        const follows = replication.includes('master_link_status:up');
        return follows && !persistence.includes('aof_rewrite_in_progress:1');
      });
    }
    return system;
  }

  get port(): number {
    return this.primary.port;
  }

  get pids(): readonly number[] {
    return [this.primary, ...this.replicas].flatMap((server) => server.pids);
  }

  async stop(): Promise<void> {
    await Promise.all([this.primary, ...this.replicas].map((server) => server.stop()));
  }
}
