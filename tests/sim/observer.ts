/**
 * What must hold at every moment of a run, looked at after each event that could change it:
 * participants that have resolved the same number of transactions have resolved the same ones, and
 * a view, once stored, has the same members everywhere.
 */
import type { Cluster } from './cluster.js';

export class Observer {
  private readonly chains = new Map<number, string>();
  private readonly views = new Map<string, string>();
  private readonly seen = new Map<string, object>();

  constructor(private readonly cluster: Cluster) {}

  look(): void {
    for (const { name, machine } of this.cluster.participants) {
      if (machine === null) continue;
      const { resolved, view, installing } = machine.state;
      if (this.seen.get(name) !== resolved && !installing) {
        this.seen.set(name, resolved);
        this.compare(name, resolved.txid, resolved.chain);
      }
      if (view !== null && this.seen.get(`${name} view`) !== view) {
        this.seen.set(`${name} view`, view);
        const members = view.members.map(({ storeId }) => storeId).sort();
        this.compareView(name, `${view.epoch.number}:${view.number}`, members.join(' '));
      }
    }
  }

  private compare(name: string, txid: number, chain: string): void {
    const known = this.chains.get(txid);
    if (known === undefined) this.chains.set(txid, chain);
    else if (known !== chain) {
      this.complain(`${name} resolved another history up to transaction ${txid}`);
    }
  }

  private compareView(name: string, view: string, members: string): void {
    const known = this.views.get(view);
    if (known === undefined) this.views.set(view, members);
    else if (known !== members) this.complain(`view ${view} has other members at ${name}`);
  }

  private complain(text: string): void {
    const { violations, world } = this.cluster;
    if (violations.length < 20) violations.push(`${world.now.toFixed(1)}: ${text}`);
  }
}
