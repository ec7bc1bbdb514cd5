/** Writes while no member has room on its disk. */
import { expect } from 'chai';
import { FullDisk } from '../../../src/coordinator/full-disk.js';

describe('coordinator/full-disk', () => {
  function refused(times: number, now = 1000, commits = 7): FullDisk {
    const disk = new FullDisk();
    for (let count = 0; count < times; count += 1) disk.refused(now, commits);
    return disk;
  }

  it('lets every write try until several were refused', () => {
    const disk = refused(8);
    expect([disk.mayTry(1000, 7), disk.mayTry(1000, 7)]).to.deep.equal([true, true]);
  });

  it('lets one try after each pause, and the pauses grow', () => {
    const disk = refused(9);
    expect(disk.mayTry(1049, 7), 'too early').to.equal(false);
    expect(disk.mayTry(1050, 7)).to.equal(true);
    expect(disk.mayTry(1051, 7), 'another one').to.equal(false);
    disk.refused(1060, 7);
    expect([disk.mayTry(1159, 7), disk.mayTry(1160, 7)]).to.deep.equal([false, true]);
    const long = refused(2000);
    expect([long.mayTry(5999, 7), long.mayTry(6000, 7)]).to.deep.equal([false, true]);
  });

  it('forgets it when something was committed since, also how long it was full', () => {
    const disk = refused(20);
    expect([disk.mayTry(1001, 8), disk.mayTry(1001, 8)]).to.deep.equal([true, true]);
    disk.refused(1002, 8);
    expect([disk.mayTry(1003, 8), disk.mayTry(1003, 8)]).to.deep.equal([true, true]);
  });
});
