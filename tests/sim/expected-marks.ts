/** Paths that a hunt must have taken: one that is never taken is not tested. */
import { FAULT_NAMES } from './fault-names.js';
import { MOMENTS } from './moments.js';

const SAID: readonly string[] = [
  'a member leaves the view',
  'a member must be refilled',
  'a participant answers',
  'a participant does not answer',
  'a participant is a member again',
  'a participant is catching up',
  'a participant knows more than this log',
  'aborted',
  'catching up goes on later',
  'catching up stopped',
  'disk full',
  'epoch begins',
  'filling another participant from here',
  'no common history with the donor',
  'older log segments removed',
  'only one participant holds the data now',
  'promised to follow a new epoch',
  'recovered',
  'refused a peer',
  'snapshot installed',
  'snapshot written',
  'view installed',
  'view proposed',
];

const REPLIES = [
  'LOADING',
  'MISCONF',
  'NOREPLICAS',
  'TRYAGAIN',
  'TRYAGAIN for a large value',
  'UNKNOWN',
  'lost',
];

const OTHERS = [
  'a role crashed',
  'ended: a planted failure',
  'ended: another coordinator took over',
  'fault: died at an effect',
  'operator: set a damaged folder aside',
  'rivals: the new one loses',
  'rivals: the old one is back',
  'the last one left',
];

export const EXPECTED_MARKS: readonly string[] = [
  ...FAULT_NAMES.map((name) => `fault: ${name}`),
  ...MOMENTS.map((moment) => `struck: ${moment}`),
  'struck: upload',
  ...SAID.map((text) => `said: ${text}`),
  ...REPLIES.map((code) => `reply: ${code}`),
  ...OTHERS,
];
