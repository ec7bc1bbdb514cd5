/**
 * Everything that can happen next in a state of the cluster, with the state that it leads to:
 *
 * - a process takes the first message of a connection, or hears its end; a flush, or a step of
 *   storing a snapshot, is done; a client's request arrives, in turn; an alarm that is due goes
 *   off;
 * - a process dies: at any moment, or in the middle of what it does after an event, before each of
 *   its messages and replies; with any prefix of its unsynced records on its disk, and any prefix
 *   of the messages that it had sent still to arrive; and a dead one starts again;
 * - where nothing else is left, time passes up to the next alarm that changes anything; where that
 *   changes nothing any more although everybody is there (`isStalled`), one more write is made.
 *
 * All orders of these are followed, but for one event that nobody else can see (`lingering.ts`).
 */
import type { LocalInput } from './local-process.js';
import {
  type DonorWire,
  type Flow,
  type Wire,
  CLOSED,
  currentOf,
  hangUp,
  withoutFirst,
} from './wires.js';
import { hearLingeringEnds } from './lingering.js';
import { describeEffect, describeInput, nameOf } from './words.js';
import { Violation, type World } from './world.js';

export interface Bound {
  readonly requests: number;
  readonly crashes: number;
  /** False: that a connection is over is heard at any time, even if nobody can tell. */
  readonly isReduced: boolean;
}

/** Called with every successor; the text is made only where it is needed. */
export type Emit = (world: World, text: () => string) => void;

/** Idle time in which everything happens that time alone can bring about. */
const LONG_MS = 8000;
const MOST_ALARMS = 400;

export class Events {
  constructor(private readonly bound: Bound) {}

  /** Every successor of this state; none if it is the end of its path. */
  all(world: World, visit: Emit): void {
    const emit: Emit = (next, text) => {
      if (this.bound.isReduced) hearLingeringEnds(next);
      visit(next, text);
    };
    const isCrashLeft = world.crashes < this.bound.crashes;
    if (world.isExhausted) {
      this.restarts(world, emit);
      if (this.isStalled(world)) this.ask(world, emit);
      return;
    }
    for (let who = 0; who < world.locals.length; who += 1) this.local(world, who, emit);
    this.restarts(world, emit);
    if (isCrashLeft) this.crashes(world, emit);
    if (this.isQuiet(world) && !this.isWhole(world)) this.passTime(world, emit);
  }

  /** Everybody is there, and neither events nor time bring them together. */
  isStalled(world: World): boolean {
    return world.isExhausted && world.locals.every((_local, who) => world.isAlive(who));
  }

  /** Nothing can happen without a crash, a start, or time. */
  isQuiet(world: World): boolean {
    return world.locals.every((_local, who) => {
      if (!world.isAlive(who)) return true;
      const { isFlushing, isStoring, alarmIn } = world.automaton(who).facts(world.local(who));
      if (isFlushing || isStoring || alarmIn <= 0) return false;
      return who > 0 ? this.hasNothingToTake(world, who) : this.coordinatorIsIdle(world);
    });
  }

  private hasNothingToTake(world: World, who: number): boolean {
    return (
      world.pair(who).wires.every(({ there }) => !isPending(there)) &&
      world.donors.every(({ donor, joiner, there, back }) => {
        return !(donor === who && isPending(there)) && !(joiner === who && isPending(back));
      })
    );
  }

  private coordinatorIsIdle(world: World): boolean {
    if (this.nextRequest(world) < this.bound.requests) return false;
    return world.pairs.every(({ wires }) => wires.every(({ back }) => !isPending(back)));
  }

  private nextRequest(world: World): number {
    return world.told.length;
  }

  /** The next client's request arrives. */
  private ask(world: World, emit: Emit): void {
    const copy = world.copy();
    copy.told = [...copy.told, ''];
    this.event(copy, 0, { kind: 'client', request: this.nextRequest(world) }, emit);
  }

  /** Everybody is there, in the view and in step, and every request has arrived. */
  isWhole(world: World): boolean {
    return (
      this.nextRequest(world) >= this.bound.requests &&
      world.locals.every((_local, who) => {
        return world.isAlive(who) && world.automaton(who).facts(world.local(who)).isCalm;
      })
    );
  }

  /** What this process can do by itself. */
  private local(world: World, who: number, emit: Emit): void {
    if (!world.isAlive(who)) return;
    if (who > 0) {
      for (const wire of world.pair(who).wires) this.takeThere(world, who, wire, emit);
    } else {
      world.pairs.forEach((_pair, index) => this.takeBack(world, index + 1, emit));
    }
    for (const wire of world.donors) this.takeDonor(world, who, wire, emit);
    const { isFlushing, isStoring, alarmIn } = world.automaton(who).facts(world.local(who));
    if (isFlushing) this.event(world, who, { kind: 'synced' }, emit);
    if (isStoring) this.event(world, who, { kind: 'stored' }, emit);
    if (alarmIn <= 0) this.event(world, who, { kind: 'tick', ms: 0 }, emit);
    if (who === 0 && this.nextRequest(world) < this.bound.requests) this.ask(world, emit);
  }

  private takeThere(world: World, who: number, wire: Wire, emit: Emit): void {
    const taken = takeFirst(wire.there, String(wire.id));
    if (taken === null) return;
    const copy = world.copy();
    const isEnd = taken.flow === CLOSED;
    copy.setWire(who, wire, { ...wire, there: taken.flow, back: isEnd ? CLOSED : wire.back });
    this.event(copy, who, taken.input, emit);
  }

  private takeBack(world: World, who: number, emit: Emit): void {
    const wire = currentOf(world.pair(who));
    const taken = wire === undefined ? null : takeFirst(wire.back, `d${who - 1}`);
    if (wire === undefined || taken === null) return;
    const copy = world.copy();
    copy.setWire(who, wire, { ...wire, back: taken.flow });
    this.event(copy, 0, taken.input, emit);
  }

  private takeDonor(world: World, who: number, wire: DonorWire, emit: Emit): void {
    if (wire.donor === who) {
      const taken = takeFirst(wire.there, String(wire.id));
      if (taken === null) return;
      const copy = world.copy();
      const isEnd = taken.flow === CLOSED;
      copy.setDonor(wire, { ...wire, there: taken.flow, back: isEnd ? CLOSED : wire.back });
      this.event(copy, who, taken.input, emit);
    } else if (wire.joiner === who) {
      const taken = takeFirst(wire.back, 'donor');
      if (taken === null) return;
      const copy = world.copy();
      const isEnd = taken.flow === CLOSED;
      copy.setDonor(wire, { ...wire, back: taken.flow, there: isEnd ? CLOSED : wire.there });
      this.event(copy, who, taken.input, emit);
    }
  }

  /** The process takes an input, and does all that follows, or dies in the middle of it. */
  private event(world: World, who: number, input: LocalInput, emit: Emit): void {
    const before = world.automaton(who).facts(world.local(who)).unsynced;
    const text = (): string => `${nameOf(who)} ${describeInput(input)}`;
    const stepped = world.copy();
    const { effects, unsynced } = describing(text, () => stepped.step(who, input));
    const isCrashLeft = world.crashes < this.bound.crashes;
    const whole = isCrashLeft ? stepped.copy() : stepped;
    describing(text, () => {
      for (const effect of effects) whole.carryOut(who, effect);
    });
    emit(whole, text);
    if (!isCrashLeft) return;
    effects.forEach((effect, index) => {
      if (effect.kind !== 'send' && effect.kind !== 'reply') return;
      const limit = unsynced[index] ?? 0;
      // Nothing was appended or done: it might as well have died before, and the input been lost.
      if (index === 0 && limit <= before) return;
      const cut = stepped.copy();
      for (const done of effects.slice(0, index)) cut.carryOut(who, done);
      const place = (): string => `${text()}, and before its ${describeEffect(effect)}:`;
      if (cut.isAlive(who)) this.crash(cut, who, limit, emit, place);
    });
  }

  private restarts(world: World, emit: Emit): void {
    for (let who = 0; who < world.locals.length; who += 1) {
      if (world.isAlive(who)) continue;
      const copy = world.copy();
      const text = (): string => `${nameOf(who)} starts`;
      copy.locals[who] = copy.automaton(who).start(copy.local(who));
      describing(text, () => copy.run(who, { kind: 'tick', ms: 0 }));
      emit(copy, text);
    }
  }

  private crashes(world: World, emit: Emit): void {
    for (let who = 0; who < world.locals.length; who += 1) {
      if (!world.isAlive(who)) continue;
      const { unsynced } = world.automaton(who).facts(world.local(who));
      this.crash(world, who, unsynced, emit, () => '');
    }
  }

  private crash(world: World, who: number, limit: number, emit: Emit, where: () => string): void {
    const { unsynced } = world.automaton(who).facts(world.local(who));
    for (let kept = 0; kept <= Math.min(limit, unsynced); kept += 1) {
      const dead = world.automaton(who).crash(world.local(who), kept);
      for (const arriving of choices(onTheWay(world, who))) {
        const copy = world.copy();
        copy.crashes += 1;
        copy.locals[who] = dead;
        const text = (): string => {
          const told = `keeping ${kept} unsynced records, ${arriving.join('+')} messages arrive`;
          return `${where()} ${nameOf(who)} dies, ${told}`.trim();
        };
        describing(text, () => cutOff(copy, who, arriving));
        emit(copy, text);
      }
    }
  }

  /** Alarms go off, one after the other, until something else can happen. */
  private passTime(world: World, emit: Emit): void {
    const copy = world.copy();
    let passed = 0;
    const text = (): string => `${Math.round(passed)} ms pass`;
    for (let alarms = 0; alarms < MOST_ALARMS && passed < LONG_MS; alarms += 1) {
      const ms = nextAlarm(copy);
      if (ms === Infinity) break;
      passed += ms;
      describing(text, () => tick(copy, ms));
      if (!this.isQuiet(copy) || this.isWhole(copy)) {
        emit(copy, text);
        return;
      }
    }
    copy.isExhausted = true;
    if (this.isStalled(copy) && this.nextRequest(copy) > this.bound.requests) {
      throw new Violation(`${text()}, and not even a write makes the cluster whole`);
    }
    emit(copy, text);
  }
}

function isPending({ messages, end }: Flow): boolean {
  return messages.length > 0 || end === 'closing';
}

function takeFirst(flow: Flow, at: string): { flow: Flow; input: LocalInput } | null {
  const [message] = flow.messages;
  if (message !== undefined) {
    return { flow: withoutFirst(flow), input: { kind: 'message', at, message } };
  }
  return flow.end === 'closing' ? { flow: CLOSED, input: { kind: 'closed', at } } : null;
}

function nextAlarm(world: World): number {
  return world.locals.reduce((least, local, who) => {
    if (!world.isAlive(who)) return least;
    return Math.min(least, world.automaton(who).facts(local).alarmIn);
  }, Infinity);
}

/** The clocks of all go on before anybody acts. */
function tick(world: World, ms: number): void {
  const steps = world.locals.map((_local, who) => {
    return world.isAlive(who) ? world.step(who, { kind: 'tick', ms }).effects : [];
  });
  steps.forEach((effects, who) => {
    for (const effect of effects) world.carryOut(who, effect);
  });
}

/** How many messages of this process are on the way on each connection that it is about to lose. */
function onTheWay(world: World, who: number): number[] {
  if (who > 0) return [currentOf(world.pair(who))?.back.messages.length ?? 0];
  return world.pairs.map((pair) => {
    const there = currentOf(pair)?.there;
    return there?.end === 'open' ? there.messages.length : 0;
  });
}

/** All ways to choose a number up to each of these. */
function choices(limits: readonly number[]): number[][] {
  return limits.reduce<number[][]>(
    (found, limit) =>
      found.flatMap((chosen) => Array.from({ length: limit + 1 }, (_, k) => [...chosen, k])),
    [[]],
  );
}

/** The connections of a process that has just died. */
function cutOff(world: World, who: number, arriving: readonly number[]): void {
  if (who === 0) {
    world.told = world.told.map((told) => (told === '' ? 'lost' : told));
    world.pairs.forEach((_pair, index) => {
      cutFromCoordinator(world, index + 1, arriving[index] ?? 0);
    });
    return;
  }
  const pair = world.pair(who);
  const current = currentOf(pair);
  const wires = pair.wires.flatMap((wire) => {
    if (wire !== current) return [];
    return [{ id: 0, there: CLOSED, back: hangUp(wire.back, arriving[0]) }];
  });
  world.pairs[who - 1] = { heart: 0, wires };
  world.donors = world.donors.flatMap((wire) => {
    if (wire.donor === who) {
      const isHeard = wire.back.end !== 'closed';
      return isHeard ? [{ ...wire, id: 0, there: CLOSED, back: hangUp(wire.back, 0) }] : [];
    }
    if (wire.joiner !== who) return [wire];
    return wire.id === 0 ? [] : [{ ...wire, there: hangUp(wire.there, 0), back: CLOSED }];
  });
  if (pair.heart !== 0 && world.isAlive(0)) world.run(0, { kind: 'closed', at: `h${who - 1}` });
}

function cutFromCoordinator(world: World, who: number, arriving: number): void {
  const pair = world.pair(who);
  const current = currentOf(pair);
  if (current !== undefined) {
    const there = hangUp(current.there, arriving);
    world.setWire(who, current, { ...current, there, back: CLOSED });
  }
  world.pairs[who - 1] = { ...world.pair(who), heart: 0 };
  if (pair.heart !== 0) world.run(who, { kind: 'closed', at: String(pair.heart) });
}

/** What goes wrong within an event is told with it. */
function describing<T>(text: () => string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new Violation(`${text()}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
