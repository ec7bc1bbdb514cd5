/**
 * What must hold of views at every moment: none is empty; those that one coordinator makes have
 * growing numbers, each shares a member with the one before; nobody hears of one that is not synced
 * at the coordinator; none counts as installed before the coordinator and all its members have
 * synced it; and nothing is committed while it is not.
 */
import { type View, isMember } from '../../src/base/ids.js';
import type { Coordinator } from '../../src/coordinator/machine.js';
import type { Participant } from '../../src/participant/machine.js';
import type { Cluster } from './cluster.js';
import { RecordedBy } from './durable.js';
import type { SimProcess } from './process.js';

interface Seen {
  readonly latest: View | null;
  readonly installed: View | null;
  readonly toldTxid: number;
  readonly isServing: boolean;
}

export class ViewRules {
  private readonly stored = new RecordedBy<Participant>();
  private readonly made = new RecordedBy<Coordinator>();
  private readonly seen = new WeakMap<Coordinator, Seen>();

  constructor(
    private readonly cluster: Cluster,
    private readonly isExcused: (process: SimProcess) => boolean,
    private readonly complain: (text: string) => void,
  ) {}

  look(): void {
    for (const { machine } of this.cluster.participants) {
      if (machine === null) continue;
      const { view } = machine.state;
      this.stored.of(machine).look(machine.core.gate, view === null ? [] : [nameOf(view)]);
    }
    const { coordinator, second } = this.cluster;
    for (const process of [coordinator, second]) {
      if (process?.machine) this.lookAt(process.machine, process.isForced);
    }
  }

  private lookAt(machine: Coordinator, isForced: boolean): void {
    const { core, membership } = machine;
    const { latest, installed } = membership;
    const isOwn = latest !== null && latest.epoch.nonce === core.epoch.nonce;
    this.made.of(machine).look(core.gate, isOwn ? [nameOf(latest)] : []);
    const before = this.seen.get(machine);
    const isServing = core.phase === 'serving';
    this.seen.set(machine, { latest, installed, toldTxid: core.toldTxid, isServing });
    this.compareHeard(machine);
    if (before === undefined) return;
    if (isOwn && latest !== before.latest && !isForced) this.compareNext(latest, before.latest);
    if (installed !== null && installed !== before.installed)
      this.compareStored(machine, installed);
    if (before.isServing && isServing) this.compareDecided(machine, before);
  }

  private compareNext(next: View, last: View | null): void {
    const name = nameOf(next);
    if (next.members.length === 0) this.complain(`view ${name} has no member`);
    if (last === null) return;
    if (!isLater(next, last)) this.complain(`view ${name} is made behind ${nameOf(last)}`);
    if (!next.members.some(({ storeId }) => isMember(last, storeId))) {
      this.complain(`view ${name} shares no member with ${nameOf(last)}, the one before`);
    }
  }

  /** A view is synced here before it is sent. */
  private compareHeard(machine: Coordinator): void {
    const { core } = machine;
    for (const { name, machine: participant } of this.cluster.participants) {
      const view = participant?.state.view ?? null;
      if (view === null || view.epoch.nonce !== core.epoch.nonce) continue;
      if (!this.made.of(machine).isUnsynced(core.gate, nameOf(view))) continue;
      this.complain(`${name} was told of view ${nameOf(view)}, which its coordinator may lose`);
    }
  }

  private compareStored(coordinator: Coordinator, view: View): void {
    const name = nameOf(view);
    if (this.made.of(coordinator).isUnsynced(coordinator.core.gate, name)) {
      this.complain(`view ${name} counts before its coordinator has synced it`);
    }
    for (const participant of this.cluster.participants) {
      const { machine } = participant;
      if (machine === null || this.isExcused(participant)) continue;
      if (!isMember(view, machine.core.storeId)) continue;
      const isOld = isLater(view, machine.state.view);
      if (isOld || this.stored.of(machine).isUnsynced(machine.core.gate, name)) {
        this.complain(`view ${name} counts before ${participant.name} has synced it`);
      }
    }
  }

  /** Nothing is decided while the view is changing. */
  private compareDecided({ core, membership }: Coordinator, before: Seen): void {
    const { latest, installed } = membership;
    const isChanging = latest !== installed && before.latest !== before.installed;
    if (!isChanging || latest !== before.latest) return;
    for (let txid = before.toldTxid + 1; txid <= core.toldTxid; txid += 1) {
      if (core.outcomes.get(txid)?.commit !== true) continue;
      const name = latest === null ? 'none' : nameOf(latest);
      this.complain(`transaction ${txid} is committed while view ${name} is not installed`);
    }
  }
}

function nameOf({ epoch, number }: View): string {
  return `${epoch.number}:${number}`;
}

/** Said anew, so that it holds also where the program's own comparison is broken. */
function isLater(view: View, than: View | null): boolean {
  if (than === null) return true;
  const epochs = view.epoch.number - than.epoch.number;
  return epochs > 0 || (epochs === 0 && view.number > than.number);
}
