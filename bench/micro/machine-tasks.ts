/**
 * Whole transactions through one machine, without its shell: every step from the client's command
 * to the reply, or from PREPARE to DONE. The other side is played by the drivers of the unit tests,
 * which costs little beside the machine.
 */
import { CoordinatorDriver } from '../../tests/unit/coordinator/coordinator-driver.js';
import {
  outcome,
  ParticipantDriver,
  prepare,
  set,
} from '../../tests/unit/participant/participant-driver.js';
import { BATCH, Keys, type MicroTask, VALUE } from './micro-task.js';

function coordinatorTask(count: number): MicroTask {
  const driver = new CoordinatorDriver().serve();
  const keys = new Keys();
  let token = 0;
  return {
    name: `coordinator: a transaction of ${count} with three members`,
    commands: count,
    run: () => {
      for (let number = 1; number <= count; number += 1) {
        token += 1;
        const client = { session: number, token };
        const command = set(keys.next(), VALUE);
        const input = { type: 'client', client, request: { type: 'write', command } } as const;
        if (number < count) driver.queue(input);
        else driver.step(input);
      }
      driver.log.length = 0;
      for (const part of driver.parts) part.got.length = 0;
    },
  };
}

function participantTask(count: number): MicroTask {
  const driver = new ParticipantDriver();
  const link = driver.serving();
  const keys = new Keys();
  const commands = Array.from({ length: count }, () => set(keys.next(), VALUE));
  const template = prepare(1, commands);
  let txid = 0;
  return {
    name: `participant: prepare and commit a transaction of ${count}`,
    commands: count,
    run: () => {
      txid += 1;
      driver.askSynced(link, { ...template, txid });
      driver.askSynced(link, outcome(txid));
      driver.log.length = 0;
      driver.points.length = 0;
    },
  };
}

export function machineTasks(): MicroTask[] {
  return [1, BATCH].flatMap((count) => [coordinatorTask(count), participantTask(count)]);
}
