/**
 * A whole cluster in one thread and virtual time: the coordinator and participant machines that
 * ship, over simulated logs and links, all choices drawn from one seed.
 */
import { Prng } from '../../src/base/prng.js';
import type { StoreReply, StoreRequest } from '../../src/base/store-request.js';
import type { CoordinatorSettings } from '../../src/coordinator/core.js';
import type { Reply, Request } from '../../src/rpc/messages.js';
import { Schedule } from './schedule.js';
import { SimCoordinator } from './sim-coordinator.js';
import { Cuts, SimLink } from './sim-network.js';
import { SimParticipant } from './sim-participant.js';

export interface DialEvents {
  opened(link: SimLink): void;
  reply(link: SimLink, message: Reply): void;
  closed(link: SimLink | null, reason: string): void;
}

export interface SimOptions {
  readonly participants: number;
  readonly seed: number;
  readonly minParticipants?: number;
  readonly maxMemoryBytes?: number;
  readonly maxDelayMs?: number;
  readonly syncMs?: number;
  readonly scrubIntervalMs?: number;
  readonly isTraced?: boolean;
}

export class SimCluster {
  readonly schedule = new Schedule();
  readonly prng: Prng;
  readonly cuts = new Cuts();
  readonly participants: SimParticipant[];
  readonly isTraced: boolean;
  coordinator: SimCoordinator;
  readonly transcript: string[] = [];
  private readonly links = new Set<SimLink>();

  constructor(private readonly options: SimOptions) {
    this.prng = new Prng(options.seed);
    this.isTraced = options.isTraced === true;
    const addresses = Array.from({ length: options.participants }, (_, i) => `p${i + 1}:1`);
    this.participants = addresses.map(
      (address) =>
        new SimParticipant(this, address, this.prng.next(), {
          coordinatorAddress: 'c:1',
          clusterSecret: 'secret',
          maxMemoryBytes: options.maxMemoryBytes ?? 1e9,
          donorTimeoutMs: 1000,
          scrubIntervalMs: options.scrubIntervalMs ?? 1e9,
          lazySyncMs: 5,
        }),
    );
    this.coordinator = this.makeCoordinator('c', addresses);
  }

  makeCoordinator(
    name: string,
    participants: readonly string[],
    changes: Partial<CoordinatorSettings> = {},
  ): SimCoordinator {
    return new SimCoordinator(this, name, this.prng.next(), {
      ownAddress: 'c:1',
      participants,
      clusterSecret: 'secret',
      heartbeatIntervalMs: 200,
      failureTimeoutMs: 1000,
      requestTimeoutMs: 2200,
      recoveryWaitMs: 1500,
      minParticipants: this.options.minParticipants ?? 1,
      maxMemoryBytes: this.options.maxMemoryBytes ?? 1e9,
      maxKeys: 1e6,
      maxQueuedRequests: 10_000,
      forcedView: '',
      ...changes,
    });
  }

  start(): void {
    for (const participant of this.participants) participant.start();
    this.coordinator.start();
  }

  run(ms: number): void {
    this.schedule.runUntil(this.schedule.now + ms);
  }

  /** Runs until the condition holds; throws when it does not within the bound. */
  runUntil(condition: () => boolean, boundMs: number, what: string): void {
    const end = this.schedule.now + boundMs;
    while (!condition()) {
      if (this.schedule.now >= end) throw new Error(`not within ${boundMs} ms: ${what}`);
      this.run(5);
    }
  }

  /** One request, run to its answer. */
  ask(request: StoreRequest, session = 1): StoreReply {
    let answer: StoreReply | null | undefined;
    this.coordinator.request(session, request, (reply) => {
      answer = reply;
    });
    this.runUntil(() => answer !== undefined, 10_000, 'an answer');
    if (answer === null || answer === undefined) throw new Error('the connection was lost');
    return answer;
  }

  set(key: string, value: string): StoreReply {
    const pairs = [[key, Buffer.from(value)]] as const;
    return this.ask({ type: 'write', command: { op: 'set', pairs } });
  }

  get(key: string): string | null {
    const reply = this.ask({ type: 'read', command: { op: 'get', keys: [key] } });
    if (reply.type !== 'values') throw new Error(JSON.stringify(reply));
    return reply.values[0]?.toString() ?? null;
  }

  /** Store ids of the installed view's members are as many as these addresses. */
  viewAddresses(): string[] {
    const members = this.coordinator.machine?.membership.installed?.members ?? [];
    return members.map((member) => member.address).sort();
  }

  get isWhole(): boolean {
    const { machine } = this.coordinator;
    return (
      machine?.core.phase === 'serving' &&
      !machine.membership.isChanging &&
      machine.membership.size === this.participants.length &&
      machine.membership.memberPeers().every((peer) => peer.isReady) &&
      this.participants.every(
        ({ machine: participant, identity }) =>
          participant !== null &&
          machine.membership.installed?.members.some(
            (member) => member.storeId === identity.storeId,
          ) === true,
      )
    );
  }

  syncDelay(): number {
    return (this.options.syncMs ?? 0.5) * (0.5 + this.prng.next() / 2 ** 32);
  }

  trace(who: string, message: string): void {
    this.transcript.push(`${this.schedule.now.toFixed(1)} ${who}: ${message}`);
  }

  dial(from: string, address: string, events: DialEvents): void {
    const source = from.split(':')[0] ?? from;
    const target = address.split(':')[0] ?? address;
    this.schedule.after(0.2, () => {
      const participant = this.participants.find((candidate) => candidate.address === address);
      if (this.cuts.has(source, target) || this.cuts.has(target, source)) {
        this.schedule.after(500, () => {
          events.closed(null, 'connecting timed out');
        });
        return;
      }
      const accepted = participant?.accept() ?? null;
      if (participant === undefined || accepted === null) {
        events.closed(null, 'connection refused');
        return;
      }
      const link: SimLink = new SimLink(
        this.schedule,
        this.prng,
        this.cuts,
        { minDelayMs: 0.05, maxDelayMs: this.options.maxDelayMs ?? 0.5 },
        source,
        target,
        {
          deliver: (message) => {
            if (this.isTraced) this.trace(`${target}->${source}`, brief(message));
            events.reply(link, message as Reply);
          },
          closed: (reason) => {
            events.closed(link, reason);
          },
        },
        {
          deliver: (message) => {
            if (this.isTraced) this.trace(`${source}->${target}`, brief(message));
            participant.onRequest(accepted.id, message as Request);
          },
          closed: () => {
            participant.onLinkClosed(accepted.id);
          },
        },
      );
      this.links.add(link);
      accepted.attach(link);
      events.opened(link);
    });
  }
}

function brief(message: unknown): string {
  return JSON.stringify(message, (key, value: unknown) =>
    key === 'payload' || key === 'bytes' || key === 'data' ? '…' : value,
  ).slice(0, 300);
}
