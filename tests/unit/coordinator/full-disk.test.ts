/** Writes while no member has room on its disk. */
import { expect } from 'chai';
import { FullDisk } from '../../../src/coordinator/full-disk.js';

describe('coordinator/full-disk', () => {
  function refused(times: number, now = 1000, commits = 7): FullDisk {
    const disk = new FullDisk();
    for (let count = 0; count < times; count += 1) disk.refused(now, commits, 100);
    return disk;
  }

  it('lets every write try until several were refused', () => {
    const disk = refused(8);
    expect([disk.mayTry(1000, 7, 100), disk.mayTry(1000, 7, 100)]).to.deep.equal([true, true]);
  });

  it('lets one try after each pause, and the pauses grow', () => {
    const disk = refused(9);
    expect(disk.mayTry(1049, 7, 100), 'too early').to.equal(false);
    expect(disk.mayTry(1050, 7, 100)).to.equal(true);
    expect(disk.mayTry(1051, 7, 100), 'another one').to.equal(false);
    disk.refused(1060, 7, 100);
    expect([disk.mayTry(1159, 7, 100), disk.mayTry(1160, 7, 100)]).to.deep.equal([false, true]);
    const long = refused(2000);
    expect([long.mayTry(5999, 7, 100), long.mayTry(6000, 7, 100)]).to.deep.equal([false, true]);
  });

  it('forgets it when something was committed since, also how long it was full', () => {
    const disk = refused(20);
    expect([disk.mayTry(1001, 8, 100), disk.mayTry(1001, 8, 100)]).to.deep.equal([true, true]);
    disk.refused(1002, 8, 100);
    expect([disk.mayTry(1003, 8, 100), disk.mayTry(1003, 8, 100)]).to.deep.equal([true, true]);
  });

  it('lets what is much smaller than all that was refused try at once', () => {
    const disk = refused(9);
    expect(disk.mayTry(1001, 7, 51)).to.equal(false);
    expect(disk.mayTry(1001, 7, 50)).to.equal(true);
    disk.refused(1001, 7, 50);
    disk.refused(1001, 7, 100);
    expect([disk.mayTry(1002, 7, 26), disk.mayTry(1002, 7, 25)]).to.deep.equal([false, true]);
    for (let count = 0; count < 10; count += 1) disk.refused(1003, 8, 1000);
    expect(disk.mayTry(1004, 8, 500), 'there was room since').to.equal(true);
  });
});
