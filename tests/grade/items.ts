/**
 * The ten grading items, in their order, each a short script over a running system. An item ends
 * at its first wrong reply, which it reports with the bytes; the next one goes on with the system
 * as it was left. Pauses are the graders' own and are the only sleeps: they are part of the test.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { RoleProcess } from '../helpers/role-process.js';
import type { GradedSystem } from './graded-system.js';
import type { GradingClient } from './grading-client.js';

/** What the grading script waits for at which place. */
export interface Pace {
  afterStart(started: RoleProcess): Promise<unknown>;
  afterCoordinatorKill(): Promise<unknown>;
  whileParticipantsAreDown(): Promise<unknown>;
  forRejoin(): Promise<unknown>;
}

/** Graders look at nothing: they sleep. */
export const GRADERS_PACE: Pace = {
  afterStart: () => delay(500),
  afterCoordinatorKill: () => delay(1000),
  whileParticipantsAreDown: () => delay(5000),
  forRejoin: () => delay(10_000),
};

const LISTENING = /running at \[/;

/**
 * For a machine that does other things meanwhile: there a start may take longer than graders wait,
 * which is no fault of the program, and one late start would fail all items up to the next one.
 */
export const PATIENT_PACE: Pace = {
  ...GRADERS_PACE,
  afterStart: (started) =>
    Promise.all([delay(500), started.waitForLine(LISTENING).catch(() => undefined)]),
};

/** An item that expects the error would only wait by asking ten times. */
const TRIES_WHEN_ERROR_IS_RIGHT = 3;

export class ItemFailure extends Error {
  override readonly name = 'ItemFailure';
}

export interface Bench {
  readonly system: GradedSystem;
  readonly client: GradingClient;
  readonly pace: Pace;
}

const OK = '+OK\r\n';
const ERROR = '-ERROR\r\n';
const NIL = '*1\r\n$3\r\nnil\r\n';

function single(value: string): string {
  return `*1\r\n$${value.length}\r\n${value}\r\n`;
}

/** A reply in escaped form, cut where nobody reads on. */
function shown(bytes: string): string {
  return bytes.length <= 200 ? JSON.stringify(bytes) : `${JSON.stringify(bytes.slice(0, 200))}…`;
}

async function expectReply(
  { client }: Bench,
  command: string,
  expected: string,
  tries?: number,
): Promise<void> {
  const reply = await client.send(command.split(' '), tries);
  if (reply.equals(Buffer.from(expected))) return;
  const got = shown(reply.toString('latin1'));
  throw new ItemFailure(`${command}: expected ${shown(expected)}, got ${got}`);
}

function requireRunning(roles: readonly RoleProcess[]): void {
  for (const role of roles) {
    if (role.isRunning) continue;
    const lastLine = role.output.trimEnd().split('\n').at(-1) ?? '';
    throw new ItemFailure(`${role.name} does not run; its last line: ${shown(lastLine)}`);
  }
}

async function restartCoordinator({ system, pace }: Bench): Promise<void> {
  requireRunning([system.coordinator]);
  await system.coordinator.kill9();
  await pace.afterCoordinatorKill();
  system.start(system.coordinator);
  await pace.afterStart(system.coordinator);
}

async function startAll({ system, pace }: Bench): Promise<void> {
  system.start(system.coordinator);
  await pace.afterStart(system.coordinator);
  for (const participant of system.participants) {
    system.start(participant);
    await pace.afterStart(participant);
  }
  requireRunning(system.roles);
}

async function survivesParticipantLoss(bench: Bench): Promise<void> {
  await expectReply(bench, 'SET item8_key item8_value_1', OK);
  await expectReply(bench, 'SET item8_key item8_value_2', OK);
  await bench.system.participants[0]?.kill9();
  await expectReply(bench, 'SET item8_key item8_value_3', OK);
  await expectReply(bench, 'GET item8_key', single('item8_value_3'));
}

async function failsWithoutParticipants(bench: Bench): Promise<void> {
  await expectReply(bench, 'SET item9_key item9_value_1', OK);
  await expectReply(bench, 'SET item9_key item9_value_2', OK);
  await Promise.all(bench.system.participants.map((participant) => participant.kill9()));
  await expectReply(bench, 'GET item9_key', ERROR, TRIES_WHEN_ERROR_IS_RIGHT);
}

async function readmitsParticipants(bench: Bench): Promise<void> {
  const { system, pace } = bench;
  await startAll(bench);
  await expectReply(bench, 'SET item10_key1 item10_value1', OK);
  await expectReply(bench, 'SET item10_key2 item10_value2', OK);
  const comeBack = system.participants.slice(1);
  await Promise.all(comeBack.map((participant) => participant.kill9()));
  await pace.whileParticipantsAreDown();
  for (const participant of comeBack) system.start(participant);
  await pace.forRejoin();
  await expectReply(bench, 'GET item10_key1', single('item10_value1'));
  await expectReply(bench, 'DEL item10_key1 item10_key2', ':2\r\n');
}

export const ITEMS: readonly ((bench: Bench) => Promise<void>)[] = [
  startAll,
  async (bench) => {
    await expectReply(bench, 'SET item2_key item2_value', OK);
  },
  async (bench) => {
    await expectReply(bench, 'SET item3_key item3_value', OK);
    await restartCoordinator(bench);
    await expectReply(bench, 'GET item3_key', single('item3_value'));
  },
  async (bench) => {
    await expectReply(bench, 'GET item4_key', NIL);
  },
  async (bench) => {
    await expectReply(bench, 'SET item5_key1 item5_value1', OK);
    await expectReply(bench, 'SET item5_key2 item5_value2', OK);
    await restartCoordinator(bench);
    await expectReply(bench, 'DEL item5_key1 item5_key2', ':2\r\n');
  },
  async (bench) => {
    await expectReply(bench, 'SET item6_key item6_value_1', OK);
    await expectReply(bench, 'SET item6_key item6_value_2', OK);
    await restartCoordinator(bench);
    await expectReply(bench, 'GET item6_key', single('item6_value_2'));
  },
  async (bench) => {
    await expectReply(bench, 'SET item7_key item7_value', OK);
    await expectReply(bench, 'DEL item7_key', ':1\r\n');
    await expectReply(bench, 'GET item7_key', NIL);
  },
  survivesParticipantLoss,
  failsWithoutParticipants,
  readmitsParticipants,
];
