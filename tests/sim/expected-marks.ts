/**
 * Paths that a hunt must have taken: one that is never taken is not tested. Each is hit ten times
 * or more by the 2,000 seeds of the test command.
 */
import { FAULT_NAMES } from './fault-names.js';
import { harmMarks } from './harm.js';
import { MOMENTS } from './moments.js';

const SAID: readonly string[] = [
  'a member leaves the view',
  'a member must be refilled',
  'a participant answers',
  'a participant did not serve a read',
  'a participant does not answer',
  'a participant is a member again',
  'a participant is catching up',
  'a participant knows more than this log',
  'a participant refused us',
  'a peer hung up on our proof',
  'a stored value changed by itself',
  'aborted',
  'an operator forced this view',
  'another coordinator went on meanwhile',
  'catching up goes on later',
  'catching up stopped',
  'disk full',
  'epoch begins',
  'filling another participant from here',
  'no common history with the donor',
  'no snapshot was written',
  'older log segments removed',
  'only one participant holds the data now',
  'promised to follow a new epoch',
  'recovered',
  'recovering',
  'refused a peer',
  'snapshot installed',
  'snapshot written',
  'view installed',
  'view proposed',
  'voted NO',
];

const REPLIES = [
  'LOADING',
  'MISCONF',
  'NOREPLICAS',
  'OK for a large value',
  'TRYAGAIN',
  'TRYAGAIN for a large value',
  'UNKNOWN',
  'lost',
];

const DISKS = [
  'power cut: a created name was lost',
  'power cut: a sector was dropped',
  'power cut: a sector was garbled',
  'power cut: a sector was kept',
  'power cut: a sector was zeroed',
  'power cut: all that was not synced was dropped',
  'struck: a sync at a start failed',
];

const WIRES = [
  'cut path: a dial was lost',
  'cut path: both ways',
  'cut path: bytes waited',
  'cut path: bytes were lost',
  'cut path: one way',
  'half-open: bytes were lost',
  'half-open: the other end lost power',
  'late: an older connection spoke behind a newer one',
];

const PROTOCOL = [
  'caught up: delta',
  'caught up: failed',
  'caught up: none',
  'caught up: snapshot',
  'donor: entries',
  'donor: snapshot',
  'donor: upToDate',
  'takeover: aborted what was in doubt',
  'takeover: committed what was in doubt',
];

const OTHERS = [
  'a role crashed',
  'crash: coordinator killed',
  'crash: coordinator lost power',
  'crash: participant killed',
  'crash: participant lost power',
  'ended: a sync failed',
  'ended: a write failed',
  'ended: another coordinator took over',
  'ended: a create failed',
  'ended: a rename failed',
  'ended: a truncate failed',
  'operator: configured a participant again',
  'operator: set a damaged folder aside',
  'operator: set the damaged folder of c aside',
  'refused: a damaged folder, the only copy',
  'refused: the only copy is gone',
  'refused: the only copy is older',
  'struck: an override, half done',
  'start: a coordinator on a restored or copied folder',
  'start: a coordinator with a torn tail',
  'start: a participant on a restored or copied folder',
  'start: a participant with a torn tail',
  'start: a snapshot had not arrived whole',
];

/** The one end of a run that is neither whole nor a violation. */
export const RIGHT_REFUSAL = 'refused: the only copy that is left has a log that was cut';

/** What 2,000 seeds hit too seldom to be asked for: docs/TESTING.md says why. */
export const RARE_MARKS: readonly string[] = [
  'power cut: a rename was lost',
  'power cut: a removed file was back',
  'struck: a folder sync failed',
  'donor: epoch',
  'said: a participant caught up to a different state and is refilled',
  'said: gave up filling a participant that fell silent',
  'said: the log was not shortened',
  'ended: for want of room, in other words',
  'ended: no space left',
  'ended: the last words of the coordinator before it came late',
  'operator: repaired a damaged folder',
  RIGHT_REFUSAL,
];

export const EXPECTED_MARKS: readonly string[] = [
  ...FAULT_NAMES.flatMap(harmMarks).filter((mark) => !RARE_MARKS.includes(mark)),
  ...MOMENTS.map((moment) => `struck: ${moment}`),
  ...SAID.map((text) => `said: ${text}`),
  ...REPLIES.map((code) => `reply: ${code}`),
  ...DISKS,
  ...WIRES,
  ...PROTOCOL,
  ...OTHERS,
];
