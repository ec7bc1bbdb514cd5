/**
 * Faults of large values: no disk syncs while one is sent ahead, so that its time is up and it is
 * given up; members may not hear of it, on a connection that is dead without a word.
 */
import type { FaultsOf, UPLOAD_FAULTS } from './fault-names.js';
import type { Faults } from './faults.js';
import { namesOf } from './process.js';

/** Until a large value is on its way. */
const MAX_WAIT_MS = 4000;
/** Longer than a request may take. */
const STALL_MS = 3500;
/** Deaf since soon before the time is up. */
const DEAF_AFTER_MS = 1900;

export function uploadFaults(faults: Faults): FaultsOf<typeof UPLOAD_FAULTS> {
  return { stallUpload: () => stallUpload(faults) };
}

function stallUpload(faults: Faults): string {
  const { cluster, prng } = faults;
  const deaf = prng.chance(0.6) ? faults.someParticipants() : [];
  const isUploading = (): boolean =>
    cluster.participants.some(({ machine }) => (machine?.state.stages.count ?? 0) > 0);
  faults.when(isUploading, MAX_WAIT_MS, () => {
    for (const { disk } of cluster.participants) faults.stall(disk, STALL_MS);
    faults.report('struck: upload', `${namesOf(deaf)} will turn deaf`);
    faults.later(
      300,
      () => {
        for (const { name } of deaf) faults.cut(faults.leader().name, name, 1500, 'lost');
      },
      DEAF_AFTER_MS,
    );
  });
  return `all disks stall during an upload, ${namesOf(deaf)} turn deaf`;
}
