/**
 * What hosts have sent patiently: it stays with its sender until something else leaves on the same
 * connection, or the host lets everything go. A host that crashes takes it along.
 */
export class HeldLane<Item> {
  private items: Item[] = [];

  constructor(
    private readonly holding: Set<HeldLane<Item>>,
    private readonly queue: (item: Item) => void,
  ) {}

  hold(item: Item): void {
    this.items.push(item);
    this.holding.add(this);
  }

  letGo(): void {
    this.holding.delete(this);
    for (const item of this.items.splice(0)) this.queue(item);
  }

  forget(): void {
    this.items = [];
  }
}

export class HeldMessages<Item> {
  private readonly byHost = new Map<string, Set<HeldLane<Item>>>();

  lane(host: string, queue: (item: Item) => void): HeldLane<Item> {
    return new HeldLane(this.of(host), queue);
  }

  isHolding(host: string): boolean {
    return this.of(host).size > 0;
  }

  letGo(host: string): void {
    for (const lane of [...this.of(host)]) lane.letGo();
  }

  crash(host: string): void {
    for (const lane of this.of(host)) lane.forget();
    this.of(host).clear();
  }

  private of(host: string): Set<HeldLane<Item>> {
    let holding = this.byHost.get(host);
    if (holding === undefined) {
      holding = new Set();
      this.byHost.set(host, holding);
    }
    return holding;
  }
}
