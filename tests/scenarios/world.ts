/**
 * What a scenario's commands act on: a simulated cluster with constant delays, and the transcript
 * of what it does. Times are left out; what happens to several participants at the same instant is
 * told in one line, so that a transcript changes only when the protocol does.
 */
import type { StoreRequest } from '../../src/base/store-request.js';
import { SimCluster, type SimOptions } from '../cluster/sim-cluster.js';
import type { SavedFolder, SimCoordinator } from '../cluster/sim-coordinator.js';
import type { SimObserver } from '../cluster/sim-observer.js';
import { describe, describeReply } from '../cluster/sim-observer.js';
import type { SavedDisk, SimParticipant } from '../cluster/sim-participant.js';

export type Topic = 'messages' | 'log' | 'heartbeats' | 'handshakes' | 'events';

interface Line {
  readonly at: number;
  /** Whom it is about: joined with other lines of this instant that say the same. */
  readonly before: string;
  who: string;
  readonly after: string;
}

const HEARTBEATS = new Set(['ping', 'pong']);
const HANDSHAKES = new Set(['hello', 'welcome', 'prove', 'proved', 'inquire', 'status']);
/** After an answer, what it left on its way arrives. */
const SETTLE_MS = 5;
const ANSWER_BOUND_MS = 10_000;

export class World {
  readonly shown = new Set<Topic>();
  readonly savedDisks = new Map<string, SavedDisk>();
  savedFolder: SavedFolder | null = null;
  second: SimCoordinator | null = null;
  private cluster_: SimCluster | null = null;
  private lines: Line[] = [];
  private readonly unsynced = new Set<string>();

  get cluster(): SimCluster {
    if (this.cluster_ === null) throw new Error('a scenario begins with `cluster`');
    return this.cluster_;
  }

  create(options: Partial<SimOptions>): void {
    this.cluster_ = new SimCluster({
      participants: 3,
      seed: 1,
      minDelayMs: 0.1,
      maxDelayMs: 0.1,
      isSteady: true,
      observer: this.observer(),
      ...options,
    });
  }

  coordinator(name: string): SimCoordinator {
    if (name === 'c') return this.cluster.coordinator;
    if (name === 'd' && this.second !== null) return this.second;
    throw new Error(`no coordinator ${name}`);
  }

  isCoordinator(name: string): boolean {
    return name === 'c' || name === 'd';
  }

  process(name: string): SimCoordinator | SimParticipant {
    return this.isCoordinator(name) ? this.coordinator(name) : this.cluster.participant(name);
  }

  /** Sends a request; its answer becomes a line whenever it comes. */
  ask(request: StoreRequest, options: AskOptions): void {
    const { session, via, isDetached } = options;
    let isAnswered = false;
    this.coordinator(via).request(session, request, (reply) => {
      isAnswered = true;
      this.say(`client ${session}: ${reply === null ? 'connection lost' : describeReply(reply)}`);
    });
    if (isDetached) return;
    this.cluster.runUntil(() => isAnswered, ANSWER_BOUND_MS, 'an answer');
    this.cluster.run(SETTLE_MS);
  }

  say(text: string): void {
    this.add('', '', text);
  }

  takeLines(): string[] {
    const lines = this.lines.map(({ before, who, after }) => `${before}${who}${after}`);
    this.lines = [];
    return lines;
  }

  private add(before: string, who: string, after: string): void {
    const at = this.cluster_?.schedule.now ?? 0;
    const same = this.lines.find(
      (line) => line.at === at && who !== '' && line.before === before && line.after === after,
    );
    if (same === undefined) this.lines.push({ at, before, who, after });
    else if (!same.who.split(' ').includes(who)) same.who += ` ${who}`;
  }

  private observer(): SimObserver {
    return {
      delivered: (from, to, message) => {
        if (!this.isShown(message)) return;
        const said = `: ${describe(message as object)}`;
        if (from.startsWith('p')) this.add('', from, ` > ${to}${said}`);
        else this.add(`${from} > `, to, said);
      },
      effect: (who, effect) => {
        this.noteEffect(who, effect);
      },
      event: (who, level, text) => {
        if (this.shown.has('events') && level !== 'debug') this.add('', who, ` (${level}) ${text}`);
      },
      exited: (who, reason) => {
        this.add('', who, ` stopped: ${reason}`);
      },
    };
  }

  private noteEffect(who: string, effect: string): void {
    if (effect.startsWith('append ')) {
      this.unsynced.add(who);
      if (this.shown.has('log')) this.add('', who, ` log: ${effect.slice('append '.length)}`);
    } else if (effect === 'synced' && this.unsynced.delete(who) && this.shown.has('log')) {
      this.add('', who, ' log: synced');
    }
  }

  private isShown(message: unknown): boolean {
    const { type } = message as { readonly type: string };
    if (HEARTBEATS.has(type)) return this.shown.has('heartbeats');
    if (HANDSHAKES.has(type)) return this.shown.has('handshakes');
    return this.shown.has('messages');
  }
}

export interface AskOptions {
  readonly session: number;
  readonly via: string;
  readonly isDetached: boolean;
}
