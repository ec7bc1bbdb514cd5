/**
 * By which marks it is known that a fault did harm, where that is later than, or depends on more
 * than, the fault's own turn. What such a fault does in its turn counts as planned, which proves
 * nothing: its moment may never come.
 */
import { type FaultName, NOT_NOW } from './fault-names.js';

const HARM: Partial<Record<FaultName, readonly string[]>> = {
  failWrite: ['struck: a write failed'],
  failSync: ['struck: a sync failed', 'struck: a folder sync failed'],
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
  rotLog: ['struck: a bit on a disk flipped'],
  restoreCoordinator: ['restored: coordinator'],
  secondCoordinator: [
    'second coordinator: on an empty folder',
    'second coordinator: on a copy',
    'second coordinator: on its old folder',
  ],
  changeConfiguration: ['configuration: grown', 'configuration: shrunk'],
  crashAtMoment: ['struck: crashAtMoment'],
  forgetAtMoment: ['struck: forgetAtMoment'],
  cutAtMoment: ['struck: cutAtMoment'],
  rivals: [
    'rivals: a new one takes over',
    'rivals: the new one loses',
    'rivals: the old one is back',
  ],
  lastOneStanding: ['the last one left'],
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
