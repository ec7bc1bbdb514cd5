/** `status`: the view, and what every participant holds. */
import type { Coordinator } from '../../../src/coordinator/machine.js';
import type { Handler } from '../handler.js';

export const status: Handler = (world) => {
  const { coordinator, participants } = world.cluster;
  const { machine } = coordinator;
  if (machine === null) world.say('c: stopped');
  else
    world.say(`c: ${machine.core.phase}, epoch ${machine.core.epoch.number}, ${viewOf(machine)}`);
  for (const { name, machine: participant } of participants) {
    if (participant === null) {
      world.say(`${name}: stopped`);
      continue;
    }
    const { state } = participant;
    const doubts = state.inDoubt.map(({ record }) => ` ${record.epoch}:${record.txid}`).join('');
    world.say(
      `${name}: resolved ${state.resolved.txid}, ${state.table.size} keys` +
        (doubts === '' ? '' : `, in doubt${doubts}`) +
        (state.fit ? '' : ', unfit'),
    );
  }
};

function viewOf({ membership }: Coordinator): string {
  const view = membership.latest;
  if (view === null) return 'no view';
  const names = view.members.map((member) => member.address.split(':')[0]).join(' ');
  return `view ${view.number} {${names}}${membership.isChanging ? ' (not installed)' : ''}`;
}
