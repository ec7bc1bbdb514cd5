/** What INFO says of a participant in its several conditions. */
import { expect } from 'chai';
import { clusterFields, statsFields } from '../../../src/participant/info.js';
import { ParticipantState } from '../../../src/participant/state.js';
import { ParticipantDriver } from './participant-driver.js';

function told(driver: ParticipantDriver): Record<string, string | number> {
  return Object.fromEntries(clusterFields(driver.machine));
}

describe('participant/info', () => {
  it('of a new one, which nobody has spoken to', () => {
    const driver = new ParticipantDriver();
    const well = { fit: 1, installing: 0, overridden: 0, disk_full: 0 };
    const expected = { view_number: 0, view_size: 0, in_view: 0, heard_ms_ago: -1, keys: 0 };
    expect(told(driver)).to.include({ ...expected, ...well });
    const stats = statsFields(driver.machine);
    expect(stats.map(([name]) => name)).to.include.members(['commits', 'aborts', 'reads']);
    expect(stats.every(([, value]) => value === 0)).to.equal(true);
  });

  it('of a member, unfit, in the middle of an install, on a full disk', () => {
    const state = new ParticipantState(100_000);
    const driver = new ParticipantDriver({ state });
    const { core } = driver.machine;
    const member = { storeId: core.storeId, address: 'here:1' };
    const other = { storeId: 'other', address: 'there:1' };
    const epoch = { number: 3, nonce: 'n' };
    state.view = { number: 7, epoch, firstTxid: 1, members: [member, other] };
    state.fit = false;
    state.installing = true;
    state.overridden = true;
    core.diskFull = true;
    core.heardAt = core.now - 40.4;
    const unwell = { fit: 0, installing: 1, overridden: 1, disk_full: 1 };
    const expected = { view_number: 7, view_size: 2, in_view: 1, heard_ms_ago: 40 };
    expect(told(driver)).to.include({ ...expected, ...unwell });
    core.heardAt = core.now + 5;
    expect(told(driver), 'never negative').to.include({ heard_ms_ago: 0 });
    state.view = { ...state.view, members: [other] };
    expect(told(driver)).to.include({ view_size: 1, in_view: 0 });
  });

  it('of one that writes a checkpoint', () => {
    const driver = new ParticipantDriver();
    const stats = (): object => Object.fromEntries(statsFields(driver.machine));
    driver.serving();
    expect(stats()).to.include({ checkpointing: 0 });
    driver.machine.beginCheckpoint(driver.now);
    expect(stats()).to.include({ checkpointing: 1 });
  });
});
