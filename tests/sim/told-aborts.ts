/**
 * A client that is told for certain that its write did not happen can rely on it: the ABORT is
 * synced at every member of the view (H9). Which client waits for which transaction is looked up
 * in the machine before the answer leaves.
 */
import { isMember } from '../../src/base/ids.js';
import type { StoreReply } from '../../src/base/store-request.js';
import type { Coordinator } from '../../src/coordinator/machine.js';
import type { ClientRef } from '../../src/coordinator/ready.js';
import type { Transaction } from '../../src/coordinator/transaction.js';
import type { Participant } from '../../src/participant/machine.js';
import type { Cluster } from './cluster.js';
import type { CoordinatorProcess } from './coordinator-process.js';
import { RecordedBy } from './durable.js';
import type { SimProcess } from './process.js';

/** What the coordinator hides from everybody else. */
interface Innards {
  readonly transactions: { readonly undecided: readonly Transaction[] };
}

export class ToldAborts {
  private readonly aborted = new RecordedBy<Participant>();
  private readonly names = new WeakMap<Coordinator, Map<string, number>>();

  constructor(
    private readonly cluster: Cluster,
    private readonly isExcused: (process: SimProcess) => boolean,
    private readonly complain: (text: string) => void,
  ) {}

  look(): void {
    const { participants, coordinator, second } = this.cluster;
    for (const { machine } of participants) {
      if (machine === null) continue;
      const { core, state } = machine;
      // What came with a snapshot has no record of its own; it is older than that.
      this.aborted.of(machine).look(core.gate, state.installing ? [] : newestOf(machine));
    }
    for (const process of [coordinator, second]) {
      if (process?.machine) this.follow(process, process.machine);
    }
  }

  private follow(process: CoordinatorProcess, machine: Coordinator): void {
    let names = this.names.get(machine);
    if (names === undefined) {
      names = new Map();
      this.names.set(machine, names);
      process.onTold = (client, reply) => {
        this.compare(machine, client, reply);
      };
    }
    const { transactions } = machine as unknown as Innards;
    for (const { txid, writes } of transactions.undecided) {
      for (const { client } of writes) if (client !== null) names.set(keyOf(client), txid);
    }
  }

  private compare(coordinator: Coordinator, client: ClientRef, reply: StoreReply): void {
    const names = this.names.get(coordinator);
    const txid = names?.get(keyOf(client));
    names?.delete(keyOf(client));
    if (txid === undefined || reply.type !== 'error' || reply.code === 'UNKNOWN') return;
    const { core, membership } = coordinator;
    if (core.outcomes.get(txid)?.commit !== false) return;
    for (const participant of this.cluster.participants) {
      const { name, machine } = participant;
      if (machine === null || this.isExcused(participant)) continue;
      if (!isMember(membership.installed, machine.core.storeId)) continue;
      if (this.isAborted(machine, txid)) continue;
      this.complain(`a client was told that ${txid} is aborted, which ${name} may forget`);
    }
  }

  private isAborted(machine: Participant, txid: number): boolean {
    const { core, state } = machine;
    if (state.resolved.txid < txid) return false;
    return !this.aborted.of(machine).isUnsynced(core.gate, String(txid));
  }
}

/** More than can end between two looks. */
function newestOf({ state }: Participant): string[] {
  return state.aborted.slice(-8).map(({ txid }) => String(txid));
}

function keyOf({ session, token }: ClientRef): string {
  return `${session} ${token}`;
}
