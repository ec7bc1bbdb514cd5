/** `cluster participants=3 min=1 memory=BYTES scrub=MS`: a new cluster; nothing runs yet. */
import { type Handler, amount } from '../handler.js';

export const cluster: Handler = (world, command) => {
  const participants = amount(command, 'participants');
  const minParticipants = amount(command, 'min');
  const maxMemoryBytes = amount(command, 'memory');
  const participantMemoryBytes = amount(command, 'participant-memory');
  const scrubIntervalMs = amount(command, 'scrub');
  world.create({
    ...(participants === undefined ? {} : { participants }),
    ...(minParticipants === undefined ? {} : { minParticipants }),
    ...(maxMemoryBytes === undefined ? {} : { maxMemoryBytes }),
    ...(participantMemoryBytes === undefined ? {} : { participantMemoryBytes }),
    ...(scrubIntervalMs === undefined ? {} : { scrubIntervalMs }),
  });
};
