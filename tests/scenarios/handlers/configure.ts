/** `configure c participants=p1:1,p2:1 min=2 forced=p1:1 at=9`: in force from the next start on. */
import { type Handler, amount, word } from '../handler.js';

export const configure: Handler = (world, command) => {
  const { options } = command;
  const participants = options.get('participants')?.split(',');
  const minParticipants = amount(command, 'min');
  const forcedAt = amount(command, 'at');
  world.coordinator(word(command, 0)).reconfigure({
    ...(participants === undefined ? {} : { participants }),
    ...(minParticipants === undefined ? {} : { minParticipants }),
    ...(forcedAt === undefined ? {} : { forcedAt }),
    ...(options.has('forced') ? { forcedView: options.get('forced') ?? '' } : {}),
  });
};
