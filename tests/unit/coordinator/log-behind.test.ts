/** What clients were told may be ahead of the coordinator's disk, but not far. */
import { expect } from 'chai';
import { MAX_UNSYNCED_MS, MAX_UNSYNCED_RECORDS } from '../../../src/base/limits.js';
import { CoordinatorDriver } from './coordinator-driver.js';

describe('coordinator, while its disk stalls without an error', () => {
  it('begins no transaction beyond a number of records that are not synced', () => {
    const driver = new CoordinatorDriver().serve();
    driver.isSyncHeld = true;
    const { gate } = driver.machine.core;
    while (gate.appended - gate.synced < MAX_UNSYNCED_RECORDS) {
      expect(driver.told(driver.set('k'))).to.equal('ok');
    }
    const token = driver.set('k');
    expect(driver.told(token)).to.equal('');
    expect(driver.told(driver.get(1, 'k')), 'reads go on').to.match(/^values/);
    driver.sync();
    expect(driver.told(token)).to.equal('ok');
  });

  it('begins none while no sync has ended for a time; what waits is told so', () => {
    const driver = new CoordinatorDriver().serve();
    driver.run(MAX_UNSYNCED_MS);
    driver.isSyncHeld = true;
    expect(driver.told(driver.set('k')), 'nothing was owed').to.equal('ok');
    driver.run(MAX_UNSYNCED_MS - 1);
    expect(driver.told(driver.set('l'))).to.equal('ok');
    driver.run(1);
    const token = driver.set('m');
    driver.run(1000);
    expect(driver.told(token)).to.equal('');
    const { gate } = driver.machine.core;
    driver.step({ type: 'synced', lsn: gate.synced });
    expect(driver.told(token), 'a sync that brought nothing').to.equal('');
    driver.step({ type: 'synced', lsn: gate.appended - 1 });
    expect(driver.told(token), 'it has come further').to.equal('ok');
    driver.run(MAX_UNSYNCED_MS);
    const late = driver.set('n');
    driver.run(2300);
    expect(driver.told(late)).to.match(/^TRYAGAIN not executed/);
  });
});
