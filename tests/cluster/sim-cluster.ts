/**
 * A whole cluster in one thread and virtual time: the coordinator and participant machines that
 * ship, over simulated logs and links, all choices drawn from one seed.
 */
import { Prng } from '../../src/base/prng.js';
import type { StoreReply, StoreRequest } from '../../src/base/store-request.js';
import type { CoordinatorSettings } from '../../src/coordinator/core.js';
import type { Reply, Request } from '../../src/rpc/messages.js';
import { SILENT_TRACE, type Trace } from '../../src/ports/trace.js';
import { COORDINATOR_SETTINGS } from '../helpers/coordinator-settings.js';
import { Schedule } from './schedule.js';
import { SimCoordinator } from './sim-coordinator.js';
import { Cuts, Holds, SimLink } from './sim-network.js';
import { type SimObserver, describeEffect } from './sim-observer.js';
import { SimParticipant } from './sim-participant.js';

/** Whatever runs in a simulated cluster, and can die. */
export interface SimProcess {
  readonly name: string;
  crash(isSilent?: boolean): void;
}

/** Kills a process at one of its effects. */
export interface CrashPoint {
  readonly process: string;
  /** Beginning of the effect's words; '' for any. */
  readonly effect: string;
  /** Counted from 1. */
  readonly nth: number;
}

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
  /** Of participants, where it differs from what the coordinator checks. */
  readonly participantMemoryBytes?: number;
  readonly minDelayMs?: number;
  readonly maxDelayMs?: number;
  readonly syncMs?: number;
  readonly scrubIntervalMs?: number;
  readonly isTraced?: boolean;
  /** Syncs take always the same time. */
  readonly isSteady?: boolean;
  readonly observer?: SimObserver;
}

export class SimCluster {
  readonly schedule = new Schedule();
  readonly prng: Prng;
  readonly cuts = new Cuts();
  readonly holds = new Holds();
  readonly observer: SimObserver | null;
  /** Where a process is to die; done with once it has. */
  crashPoint: CrashPoint | null = null;
  private crashCount = 0;
  readonly participants: SimParticipant[];
  readonly isTraced: boolean;
  coordinator: SimCoordinator;
  /** How long a sync takes, on average. */
  syncMs: number;
  /** The same of single processes, by name. */
  readonly slowDisks = new Map<string, number>();
  readonly transcript: string[] = [];
  private readonly links = new Set<SimLink>();

  constructor(private readonly options: SimOptions) {
    this.prng = new Prng(options.seed);
    this.isTraced = options.isTraced === true;
    this.observer = options.observer ?? null;
    this.syncMs = options.syncMs ?? 0.5;
    const addresses = Array.from({ length: options.participants }, (_, i) => `p${i + 1}:1`);
    this.participants = addresses.map((address) => this.makeParticipant(address));
    this.coordinator = this.makeCoordinator('c', addresses);
  }

  private makeParticipant(address: string): SimParticipant {
    return new SimParticipant(this, address, this.prng.next(), {
      coordinatorAddress: 'c:1',
      clusterSecret: 'secret',
      maxMemoryBytes: this.options.participantMemoryBytes ?? this.options.maxMemoryBytes ?? 1e9,
      donorTimeoutMs: 1000,
      scrubIntervalMs: this.options.scrubIntervalMs ?? 1e9,
    });
  }

  makeCoordinator(
    name: string,
    participants: readonly string[],
    changes: Partial<CoordinatorSettings> = {},
  ): SimCoordinator {
    return new SimCoordinator(this, name, this.prng.next(), {
      ...COORDINATOR_SETTINGS,
      ownAddress: 'c:1',
      participants,
      clusterSecret: 'secret',
      minParticipants: this.options.minParticipants ?? 1,
      maxMemoryBytes: this.options.maxMemoryBytes ?? 1e9,
      ...changes,
    });
  }

  /** A participant by its name (`p1`). */
  participant(name: string): SimParticipant {
    const found = this.participants.find((participant) => participant.name === name);
    if (found === undefined) throw new Error(`no participant ${name}`);
    return found;
  }

  /** One more participant, which no coordinator knows yet. */
  addParticipant(): SimParticipant {
    const added = this.makeParticipant(`p${this.participants.length + 1}:1`);
    this.participants.push(added);
    return added;
  }

  /** Arms a crash point: the count begins now. */
  crashAt(point: CrashPoint): void {
    this.crashPoint = point;
    this.crashCount = 0;
  }

  /** Told by a process before each of its effects; true if it died of it. */
  effect(process: SimProcess, verb: string, what?: object): boolean {
    const point = this.crashPoint;
    if (point === null && this.observer?.effect === undefined) return false;
    const effect = describeEffect(verb, what);
    this.observer?.effect?.(process.name, effect);
    if (point?.process !== process.name || !effect.startsWith(point.effect)) return false;
    this.crashCount += 1;
    if (this.crashCount < point.nth) return false;
    this.crashPoint = null;
    process.crash();
    return true;
  }

  traceOf(process: SimProcess): Trace {
    const { observer } = this;
    if (!this.isTraced && observer?.event === undefined) return SILENT_TRACE;
    return {
      event: (level, text, fields) => {
        if (this.isTraced) this.trace(process.name, `${text} ${JSON.stringify(fields ?? {})}`);
        observer?.event?.(process.name, level, text, fields);
      },
      point: () => undefined,
    };
  }

  /** Messages of these types (all, without any) wait on this path, and all that is behind them. */
  hold(from: string, to: string, ...types: readonly string[]): void {
    this.holds.add(from, to, types);
  }

  release(from: string, to: string): void {
    this.holds.remove(from, to);
    for (const link of this.links) link.release(from, to);
  }

  /** What is held on this path is lost, and its connection dies without a word. */
  drop(from: string, to: string): void {
    this.holds.remove(from, to);
    for (const link of this.links) if (link.isHeld(from, to)) link.die();
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

  syncDelay(name: string): number {
    const { isSteady = false } = this.options;
    const syncMs = this.slowDisks.get(name) ?? this.syncMs;
    return syncMs * (isSteady ? 1 : 0.5 + this.prng.next() / 2 ** 32);
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
        this,
        {
          minDelayMs: this.options.minDelayMs ?? 0.05,
          maxDelayMs: this.options.maxDelayMs ?? 0.5,
        },
        source,
        target,
        {
          deliver: (message) => {
            this.onDelivery(target, source, message);
            events.reply(link, message as Reply);
          },
          closed: (reason) => {
            events.closed(link, reason);
          },
        },
        {
          deliver: (message) => {
            this.onDelivery(source, target, message);
            participant.onRequest(accepted.id, message as Request);
          },
          closed: () => {
            participant.onLinkClosed(accepted.id);
          },
        },
      );
      for (const old of this.links) if (!old.isOpen) this.links.delete(old);
      this.links.add(link);
      accepted.attach(link);
      events.opened(link);
    });
  }

  private onDelivery(from: string, to: string, message: unknown): void {
    if (this.isTraced) this.trace(`${from}->${to}`, brief(message));
    this.observer?.delivered?.(from, to, message);
  }
}

function brief(message: unknown): string {
  return JSON.stringify(message, (key, value: unknown) =>
    key === 'payload' || key === 'bytes' || key === 'data' ? '…' : value,
  ).slice(0, 300);
}
