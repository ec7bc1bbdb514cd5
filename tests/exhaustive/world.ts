/**
 * A state of the whole cluster, and what one event makes of it: effects are carried out, promises
 * are held against what is durable.
 *
 * Process 0 is the coordinator. Handshakes and heartbeats happen at once, within the event that
 * begins them; everything else is put on a wire. A dial succeeds at once if the process runs.
 * Throws `Violation`.
 */
import type { StoreReply } from '../../src/base/store-request.js';
import type { Automaton } from './automaton.js';
import type { Effect, LocalInput, Message, Step } from './local-process.js';
import {
  type DonorWire,
  type Pair,
  type Wire,
  CLOSED,
  OPEN,
  UNCONNECTED,
  currentDonor,
  currentOf,
  hangUp,
  push,
  replaced,
} from './wires.js';

export class Violation extends Error {
  override readonly name = 'Violation';
}

/** What a client was told. `lost`: the coordinator died before it answered. */
export type Told = '' | 'ok' | 'failed' | 'unknown' | 'lost';

const AT_ONCE = new Set(['hello', 'welcome', 'prove', 'proved', 'ping', 'pong']);

export class World {
  told: readonly Told[] = [];
  /** `epoch:txid=outcome` of all that any participant ever applied. */
  applied: readonly string[] = [];
  crashes = 0;
  /** Time alone changes nothing any more. */
  isExhausted = false;
  pairs: Pair[];
  donors: readonly DonorWire[] = [];

  constructor(
    readonly automata: readonly Automaton[],
    readonly addresses: readonly string[],
    readonly locals: number[],
    /** Does not hold messages against what is durable. */
    private readonly isBlind: boolean,
  ) {
    this.pairs = addresses.map(() => UNCONNECTED);
  }

  copy(): World {
    const copy = new World(this.automata, this.addresses, [...this.locals], this.isBlind);
    copy.told = this.told;
    copy.applied = this.applied;
    copy.crashes = this.crashes;
    copy.pairs = [...this.pairs];
    copy.donors = this.donors;
    return copy;
  }

  automaton(who: number): Automaton {
    const automaton = this.automata[who];
    if (automaton === undefined) throw new Error(`no process ${who}`);
    return automaton;
  }

  local(who: number): number {
    return this.locals[who] ?? 0;
  }

  isAlive(who: number): boolean {
    return !this.automaton(who).isDead(this.local(who));
  }

  pair(who: number): Pair {
    return this.pairs[who - 1] ?? UNCONNECTED;
  }

  /** The process takes the input; its effects are the caller's to carry out. */
  step(who: number, input: LocalInput): Step {
    const step = this.automaton(who).step(this.local(who), input);
    this.locals[who] = step.next;
    for (const outcome of step.applied) this.noteApplied(outcome);
    const { complaint } = this.automaton(who).facts(step.next);
    if (complaint !== '') throw new Violation(complaint);
    return step;
  }

  run(who: number, input: LocalInput): void {
    const { effects } = this.step(who, input);
    for (const effect of effects) this.carryOut(who, effect);
  }

  private noteApplied(outcome: string): void {
    if (this.applied.includes(outcome)) return;
    const [name] = outcome.split('=');
    const other = this.applied.find((known) => known.startsWith(`${name}=`));
    if (other !== undefined) throw new Violation(`one applied ${other}, another ${outcome}`);
    this.applied = [...this.applied, outcome].sort();
  }

  carryOut(who: number, effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        if (!this.isBlind) this.checkPromise(who, effect.message);
        if (who === 0) this.sendFromCoordinator(effect.at, effect.message);
        else this.sendFromParticipant(who, effect.at, effect.message);
        return;
      case 'reply':
        this.tell(effect.request, effect.reply);
        return;
      case 'dial':
        if (who === 0) this.dialParticipant(effect.at);
        else this.dialDonor(who, effect.address);
        return;
      case 'close':
        if (who === 0) this.closeFromCoordinator(effect.at);
        else this.closeFromParticipant(who, effect.at);
        return;
      case 'exit':
        throw new Violation(`the coordinator exits: ${effect.reason}`);
    }
  }

  private tell(request: number, reply: StoreReply): void {
    if (this.told[request] !== '') throw new Violation(`request ${request} is answered twice`);
    const isUnknown = reply.type === 'error' && reply.code === 'UNKNOWN';
    const said = reply.type !== 'error' ? 'ok' : isUnknown ? 'unknown' : 'failed';
    this.told = this.told.map((told, index) => (index === request ? said : told));
  }

  /**
   * No YES before PREPARED is durable, no outcome before the coordinator's record of it is, unless
   * it is a commit that every member of its newest view has PREPARED.
   */
  private checkPromise(who: number, message: Message): void {
    const durable = this.automaton(who).durable(this.local(who));
    if (message.type === 'vote' && message.vote === 'yes') {
      const name = `${message.epoch}:${message.txid}`;
      if (durable.prepared.has(name)) return;
      throw new Violation(`p${who} votes YES on ${name}, which it has not synced`);
    }
    if (message.type !== 'outcome') return;
    const { epoch, txid, commit } = message;
    const isKnown = durable.outcomes.has(`${epoch}:${txid}=${commit ? 'commit' : 'abort'}`);
    const isOpposed = durable.outcomes.has(`${epoch}:${txid}=${commit ? 'abort' : 'commit'}`);
    if (isKnown || (!isOpposed && txid <= durable.endedTo)) return;
    if (commit && this.isPreparedAt(durable.members, `${epoch}:${txid}`)) return;
    throw new Violation(`the outcome of ${epoch}:${txid} is told before it is synced`);
  }

  private isPreparedAt(members: readonly string[], name: string): boolean {
    return members.every((address) => {
      const who = Number(/^p(\d)/.exec(address)?.[1]);
      return this.automaton(who).durable(this.local(who)).prepared.has(name);
    });
  }

  private sendFromCoordinator(at: string, message: Message): void {
    const who = Number(at.slice(1)) + 1;
    const pair = this.pair(who);
    const wire = currentOf(pair);
    const id = at.startsWith('h') ? pair.heart : (wire?.id ?? 0);
    if (id === 0 || !this.isAlive(who)) return;
    if (AT_ONCE.has(message.type)) {
      this.run(who, { kind: 'message', at: String(id), message });
    } else if (wire !== undefined) {
      this.setWire(who, wire, { ...wire, there: push(wire.there, message) });
    }
  }

  private sendFromParticipant(who: number, at: string, message: Message): void {
    if (at === 'donor') {
      this.sendToDonor(who, message);
      return;
    }
    const id = Number(at);
    const pair = this.pair(who);
    if (pair.heart === id) {
      this.run(0, { kind: 'message', at: `h${who - 1}`, message });
      return;
    }
    const wire = pair.wires.find((candidate) => candidate.id === id);
    if (wire === undefined) {
      this.sendToJoiner(who, id, message);
    } else if (!AT_ONCE.has(message.type)) {
      this.setWire(who, wire, { ...wire, back: push(wire.back, message) });
    } else if (wire.back.end === 'open') {
      this.run(0, { kind: 'message', at: `d${who - 1}`, message });
    }
  }

  private sendToDonor(joiner: number, message: Message): void {
    const wire = currentDonor(this.donors, joiner);
    if (wire === undefined) return;
    if (AT_ONCE.has(message.type)) {
      this.run(wire.donor, { kind: 'message', at: String(wire.id), message });
    } else {
      this.setDonor(wire, { ...wire, there: push(wire.there, message) });
    }
  }

  private sendToJoiner(donor: number, id: number, message: Message): void {
    const wire = this.donors.find((each) => each.donor === donor && each.id === id);
    if (wire === undefined || wire.back.end !== 'open') return;
    if (AT_ONCE.has(message.type)) {
      this.run(wire.joiner, { kind: 'message', at: 'donor', message });
    } else {
      this.setDonor(wire, { ...wire, back: push(wire.back, message) });
    }
  }

  private dialParticipant(at: string): void {
    const who = Number(at.slice(1)) + 1;
    if (!this.isAlive(who)) {
      this.run(0, { kind: 'closed', at });
      return;
    }
    const id = this.openLink(who);
    const pair = this.pair(who);
    this.pairs[who - 1] = at.startsWith('h')
      ? { ...pair, heart: id }
      : { ...pair, wires: [...pair.wires, { id, there: OPEN, back: OPEN }] };
    this.run(0, { kind: 'opened', at });
  }

  private openLink(who: number): number {
    const id = this.automaton(who).facts(this.local(who)).nextLink;
    this.run(who, { kind: 'opened', at: String(id) });
    return id;
  }

  private dialDonor(joiner: number, address: string): void {
    const donor = this.addresses.indexOf(address) + 1;
    this.closeFromParticipant(joiner, 'donor');
    if (donor === 0 || !this.isAlive(donor)) {
      this.run(joiner, { kind: 'closed', at: 'donor' });
      return;
    }
    const id = this.openLink(donor);
    this.donors = [...this.donors, { joiner, donor, id, there: OPEN, back: OPEN }];
    this.run(joiner, { kind: 'opened', at: 'donor' });
  }

  private closeFromCoordinator(at: string): void {
    const who = Number(at.slice(1)) + 1;
    const pair = this.pair(who);
    if (at.startsWith('h')) {
      this.pairs[who - 1] = { ...pair, heart: 0 };
      if (pair.heart !== 0 && this.isAlive(who)) {
        this.run(who, { kind: 'closed', at: String(pair.heart) });
      }
      return;
    }
    const wire = currentOf(pair);
    if (wire === undefined) return;
    this.setWire(who, wire, { ...wire, there: hangUp(wire.there), back: CLOSED });
  }

  private closeFromParticipant(who: number, at: string): void {
    if (at === 'donor') {
      const wire = currentDonor(this.donors, who);
      if (wire === undefined) return;
      this.setDonor(wire, { ...wire, there: hangUp(wire.there), back: CLOSED });
      return;
    }
    const id = Number(at);
    const pair = this.pair(who);
    const wire = pair.wires.find((candidate) => candidate.id === id);
    if (pair.heart === id) {
      this.pairs[who - 1] = { ...pair, heart: 0 };
      this.run(0, { kind: 'closed', at: `h${who - 1}` });
    } else if (wire !== undefined) {
      this.setWire(who, wire, { ...wire, there: CLOSED, back: hangUp(wire.back) });
    }
    const given = this.donors.find((each) => each.donor === who && each.id === id);
    if (given !== undefined) {
      this.setDonor(given, { ...given, there: CLOSED, back: hangUp(given.back) });
    }
  }

  setWire(who: number, old: Wire, now: Wire): void {
    const pair = this.pair(who);
    this.pairs[who - 1] = { ...pair, wires: replaced(pair.wires, old, now) };
  }

  setDonor(old: DonorWire, now: DonorWire): void {
    this.donors = replaced(this.donors, old, now);
  }
}
