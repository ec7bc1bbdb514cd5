/**
 * By which marks it is known that a fault did harm, where that is later than, or depends on more
 * than, the fault's own turn. What such a fault does in its turn counts as planned, which proves
 * nothing: its moment may never come.
 */
import { type FaultName, NOT_NOW } from './fault-names.js';
import type { Marks } from './marks.js';

const SECOND_OF_OTHER_LIST = ['fewer', 'one more'].flatMap((list) =>
  ['an empty folder', 'a copy', 'its old folder'].map(
    (folder) => `second of ${list}: on ${folder}`,
  ),
);

const HARM: Partial<Record<FaultName, readonly string[]>> = {
  failWrite: ['struck: a write failed'],
  failSync: ['struck: a sync failed', 'struck: a folder sync failed'],
  failCreate: ['struck: a create failed'],
  failRename: ['struck: a rename failed'],
  failTruncate: ['struck: a truncate failed'],
  fillDisk: ['struck: a write met a full disk'],
  crashAtEffect: ['struck: died at an effect'],
  pauseParticipant: ['struck: pauseParticipant'],
  pauseCoordinator: ['struck: pauseCoordinator'],
  resetConnections: ['struck: connections reset'],
  swizzle: ['struck: swizzle'],
  clogPath: ['struck: bytes took longer on a clogged path'],
  restoreParticipant: [
    'restored: participant, seen as a copy',
    'restored: participant, taken for its own',
  ],
  rotLog: ['struck: a bit of a participant flipped'],
  restoreCoordinator: [
    'restored: coordinator, seen as a copy',
    'restored: coordinator, taken for its own',
  ],
  rotCoordinator: [
    'struck: a bit of the coordinator flipped',
    'struck: the log of the coordinator lost its end',
  ],
  secondCoordinator: [
    'second coordinator: on an empty folder',
    'second coordinator: on a copy',
    'second coordinator: on its old folder',
  ],
  secondOfOtherList: SECOND_OF_OTHER_LIST,
  changeConfiguration: ['configuration: grown', 'configuration: shrunk'],
  rotOnlyCopy: [
    'struck: a bit of the only copy flipped',
    'struck: the log of the only copy lost its end',
  ],
  restoreOnlyCopy: [
    'restored: the only copy, seen as a copy',
    'restored: the only copy, taken for its own',
  ],
  crashAtMoment: ['struck: crashAtMoment'],
  forgetAtMoment: ['struck: forgetAtMoment'],
  cutAtMoment: ['struck: cutAtMoment'],
  rivals: [
    'rivals: a new one takes over',
    'rivals: the new one loses',
    'rivals: the old one is back',
  ],
  lastOneStanding: ['the last one left'],
  forceView: ['struck: forceView'],
  stallUpload: ['struck: upload'],
};

/** All that must have been hit if this fault was tried. */
export function harmMarks(name: FaultName): readonly string[] {
  return HARM[name] ?? [`fault: ${name}`];
}

/** What counts when a fault has had its turn and said this. */
export function turnMark(name: FaultName, said: string): string {
  if (said === NOT_NOW) return `idle: ${name}`;
  return HARM[name] === undefined ? `fault: ${name}` : `planned: ${name}`;
}

/**
 * How many of a seed's planned faults took effect. What is marked after a turn of a fault belongs
 * to it until that fault's next turn, and counts once, however often it struck: so the sum is
 * rather too low.
 */
export class HarmDone {
  private readonly open = new Map<FaultName, number>();
  private closed = 0;

  constructor(private readonly marks: Marks) {}

  /** Called before the fault does anything. */
  onTurn(name: FaultName): void {
    if (this.hasStruck(name)) this.closed += 1;
    this.open.set(name, this.hits(name));
  }

  get count(): number {
    return this.closed + [...this.open.keys()].filter((name) => this.hasStruck(name)).length;
  }

  private hasStruck(name: FaultName): boolean {
    return this.hits(name) > (this.open.get(name) ?? Infinity);
  }

  private hits(name: FaultName): number {
    return harmMarks(name).reduce((sum, mark) => sum + (this.marks.counts.get(mark) ?? 0), 0);
  }
}
