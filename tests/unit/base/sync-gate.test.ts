import { expect } from 'chai';
import fc from 'fast-check';
import { AssertionError } from '../../../src/base/assert.js';
import { SyncGate } from '../../../src/base/sync-gate.js';

type Step = 'append' | 'queue' | number;

/** A number is a sync of that share of what is not synced yet. */
const steps = fc.array(
  fc.oneof(
    fc.constant<Step>('append'),
    fc.constant<Step>('queue'),
    fc.double({ min: 0, max: 1, noNaN: true }),
  ),
  { maxLength: 60 },
);

describe('base/sync-gate', () => {
  it('runs an action at once while everything is synced', () => {
    const gate = new SyncGate();
    let runs = 0;
    gate.whenSynced(() => (runs += 1));
    expect(runs).to.equal(1);
    expect(gate.isIdle).to.equal(true);
  });

  it('never runs an action before what was appended is synced, nor out of order', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const gate = new SyncGate();
        const ran: number[] = [];
        let queued = 0;
        for (const step of list) {
          if (step === 'append') expect(gate.append()).to.equal(gate.appended);
          else if (step === 'queue') {
            const number = queued;
            const lsn = gate.appended;
            queued += 1;
            gate.whenSynced(() => {
              expect(gate.synced, 'synced first').to.be.at.least(lsn);
              ran.push(number);
            });
          } else {
            gate.release(gate.synced + Math.floor(step * (gate.appended - gate.synced)));
          }
        }
        gate.release(gate.appended);
        expect(gate.isIdle).to.equal(true);
        expect(ran).to.deep.equal(Array.from({ length: queued }, (_, index) => index));
      }),
    );
  });

  it('keeps the order when an action queues another behind a record of its own', () => {
    const gate = new SyncGate();
    const ran: string[] = [];
    gate.append();
    gate.whenSynced(() => {
      ran.push('first');
      gate.append();
      gate.whenSynced(() => ran.push('third'));
    });
    gate.whenSynced(() => ran.push('second'));
    gate.release(1);
    expect(ran).to.deep.equal(['first', 'second']);
    gate.release(2);
    expect(ran).to.deep.equal(['first', 'second', 'third']);
  });

  it('keeps the order when an action queues another that could run at once', () => {
    const gate = new SyncGate();
    const ran: string[] = [];
    gate.append();
    gate.whenSynced(() => {
      ran.push('first');
      gate.whenSynced(() => ran.push('third'));
    });
    gate.whenSynced(() => ran.push('second'));
    gate.release(1);
    expect(ran).to.deep.equal(['first', 'second', 'third']);
  });

  it('refuses a sync that goes back or ahead of what was appended', () => {
    const gate = new SyncGate();
    gate.append();
    expect(() => {
      gate.release(2);
    }).to.throw(AssertionError);
    gate.release(1);
    expect(() => {
      gate.release(0);
    }).to.throw(AssertionError);
  });
});
