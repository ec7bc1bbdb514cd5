import { expect } from 'chai';
import type { Piece } from '../../../src/rpc/messages.js';
import {
  ParticipantDriver,
  STORE,
  epoch,
  fence,
  prepare,
  sv,
  view,
  votes,
} from './participant-driver.js';

describe('participant/transactions: a full disk', () => {
  it('takes back what a full disk did not take, and says NO until it is aborted', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.askSynced(link, prepare(1, sv));
    driver.ask(link, prepare(2, sv));
    driver.ask(link, prepare(3, sv));
    driver.fillDisk();
    expect(driver.machine.core.diskFull).to.equal(true);
    expect(driver.state.inDoubt.map(({ record }) => record.txid)).to.deep.equal([1]);
    driver.sync();
    const full = ['2 no: disk full', '3 no: disk full'];
    expect(votes(driver.take(link))).to.deep.equal(full);
    expect(driver.machine.core.diskFull).to.equal(false);
    expect(votes(driver.ask(link, prepare(2, sv)))).to.deep.equal(['2 no: disk full']);
    expect(votes(driver.ask(link, prepare(4, sv)))).to.deep.equal(['4 no: sticky']);
    expect(votes(driver.askSynced(link, prepare(1, sv)))).to.deep.equal(['1 yes']);
  });

  it('keeps an earlier NO when the disk fills up behind it', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.ask(link, prepare(1, sv));
    driver.ask(link, prepare(2, sv, { crc: 1 }));
    driver.fillDisk();
    expect(driver.machine.core.refusedTxid, 'the lowest that was refused').to.equal(1);
  });

  it('keeps what the same flush had written before it found no room', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.ask(link, prepare(1, sv));
    const written = driver.machine.core.gate.appended;
    driver.ask(link, prepare(2, sv));
    driver.fillDisk(written + 1);
    driver.sync();
    expect(votes(driver.take(link))).to.deep.equal(['1 yes', '2 no: disk full']);
  });

  it('H4: says NO for want of room only in the epoch in which there was none', () => {
    const driver = new ParticipantDriver();
    const old = driver.serving();
    driver.ask(old, prepare(1, sv));
    const fresh = driver.open();
    driver.ask(fresh, fence(epoch(2)));
    driver.fillDisk();
    driver.sync();
    driver.askSynced(fresh, { type: 'view', view: { ...view(2, STORE), epoch: epoch(2) } });
    const again = prepare(1, sv, { epoch: 2, view: 2 });
    expect(votes(driver.askSynced(fresh, again))).to.deep.equal(['1 yes']);
  });

  it('refuses the first of this epoch that found no room, whatever is lost before it', () => {
    const driver = new ParticipantDriver();
    driver.ask(driver.serving(), prepare(1, sv));
    const fresh = driver.open();
    driver.ask(fresh, fence(epoch(2)));
    driver.ask(fresh, { type: 'view', view: { ...view(2, STORE), epoch: epoch(2) } });
    const second = prepare(2, sv, { epoch: 2, view: 2 });
    driver.ask(fresh, second);
    driver.fillDisk();
    expect(driver.state.inDoubt).to.have.length(0);
    expect(driver.machine.core.refusedTxid).to.equal(2);
    driver.sync();
    expect(votes(driver.take(fresh))).to.include('2 no: disk full');
  });

  it('loses nothing when the disk is full and nothing waits for it', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    driver.askSynced(link, prepare(1, sv));
    driver.fillDisk();
    expect(driver.state.inDoubt).to.have.length(1);
    expect(driver.machine.core.refusedTxid).to.equal(0);
  });

  it('refuses pieces that found no room, also when another one has come since', () => {
    const driver = new ParticipantDriver();
    const link = driver.serving();
    const piece = (offset: number): Piece => {
      return { type: 'piece', stage: '1.1', offset, total: 30, bytes: Buffer.alloc(10, 'x') };
    };
    driver.ask(link, piece(0));
    driver.fillDisk();
    driver.ask(link, piece(10));
    driver.sync();
    const told = driver.take(link).flatMap((each) => (each.type === 'pieced' ? [each] : []));
    expect(told.map(({ have, refusal }) => `${have} ${refusal}`)).to.deep.equal([
      '10 disk full',
      '0 ',
    ]);
  });
});
