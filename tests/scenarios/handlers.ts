/** Every command that a scenario may use. */
import type { Handler } from './handler.js';
import { addParticipant } from './handlers/add-participant.js';
import { awaitState } from './handlers/await.js';
import { backup } from './handlers/backup.js';
import { checkpoint } from './handlers/checkpoint.js';
import { cluster } from './handlers/cluster.js';
import { condition } from './handlers/condition.js';
import { configure } from './handlers/configure.js';
import { crash } from './handlers/crash.js';
import { cut } from './handlers/cut.js';
import { del } from './handlers/del.js';
import { diskFull } from './handlers/disk-full.js';
import { drop } from './handlers/drop.js';
import { flip } from './handlers/flip.js';
import { get } from './handlers/get.js';
import { hide } from './handlers/hide.js';
import { hold } from './handlers/hold.js';
import { mend } from './handlers/mend.js';
import { move } from './handlers/move.js';
import { mset } from './handlers/mset.js';
import { pause } from './handlers/pause.js';
import { release } from './handlers/release.js';
import { restore } from './handlers/restore.js';
import { resume } from './handlers/resume.js';
import { run } from './handlers/run.js';
import { secondCoordinator } from './handlers/second-coordinator.js';
import { set } from './handlers/set.js';
import { show } from './handlers/show.js';
import { shutdown } from './handlers/shutdown.js';
import { start } from './handlers/start.js';
import { status } from './handlers/status.js';
import { stored } from './handlers/stored.js';
import { syncDelay } from './handlers/sync-delay.js';
import { tear } from './handlers/tear.js';
import { txstatus } from './handlers/txstatus.js';
import { wipe } from './handlers/wipe.js';

export const HANDLERS: ReadonlyMap<string, Handler> = new Map([
  ['add-participant', addParticipant],
  ['await', awaitState],
  ['backup', backup],
  ['checkpoint', checkpoint],
  ['cluster', cluster],
  ['condition', condition],
  ['configure', configure],
  ['crash', crash],
  ['cut', cut],
  ['del', del],
  ['disk-full', diskFull],
  ['drop', drop],
  ['flip', flip],
  ['get', get],
  ['hide', hide],
  ['hold', hold],
  ['mend', mend],
  ['move', move],
  ['mset', mset],
  ['pause', pause],
  ['release', release],
  ['restore', restore],
  ['resume', resume],
  ['run', run],
  ['second-coordinator', secondCoordinator],
  ['set', set],
  ['show', show],
  ['shutdown', shutdown],
  ['start', start],
  ['status', status],
  ['stored', stored],
  ['sync-delay', syncDelay],
  ['tear', tear],
  ['txstatus', txstatus],
  ['wipe', wipe],
]);
