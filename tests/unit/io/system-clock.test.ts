import { expect } from 'chai';
import { SystemClock } from '../../../src/io/system-clock.js';

describe('system clock', () => {
  it('never goes back', () => {
    const clock = new SystemClock();
    let last = clock.now();
    for (let i = 0; i < 1000; i++) {
      const now = clock.now();
      expect(now).to.be.at.least(last);
      last = now;
    }
  });

  it('rings once, and not too early', async () => {
    const clock = new SystemClock();
    const at = clock.now() + 15;
    let rings = 0;
    const rang = await new Promise<number>((resolve) => {
      clock.setAlarm(at, () => {
        rings++;
        resolve(clock.now());
      });
    });
    expect(rang).to.be.at.least(at);
    await after(clock, 20);
    expect(rings).to.equal(1);
  });

  it('rings for the last alarm that was set: later, earlier, or none', async () => {
    const clock = new SystemClock();
    const rung: string[] = [];
    const start = clock.now();
    clock.setAlarm(start + 5, () => rung.push('first'));
    clock.setAlarm(start + 30, () => rung.push('moved to later'));
    await after(new SystemClock(), 20);
    expect(rung).to.deep.equal([]);
    await new Promise<void>((resolve) => {
      clock.setAlarm(start + 21, () => {
        rung.push('moved to earlier');
        resolve();
      });
    });
    clock.setAlarm(clock.now() + 5, () => rung.push('disarmed'));
    clock.setAlarm(null, () => undefined);
    await after(new SystemClock(), 40);
    expect(rung).to.deep.equal(['moved to earlier']);
  });

  it('rings at once for a time that has passed', async () => {
    const clock = new SystemClock();
    await new Promise<void>((resolve) => {
      clock.setAlarm(clock.now() - 1000, resolve);
    });
  });

  it('may be set again from the alarm itself', async () => {
    const clock = new SystemClock();
    let rings = 0;
    await new Promise<void>((resolve) => {
      const ring = (): void => {
        rings++;
        if (rings === 3) resolve();
        else clock.setAlarm(clock.now() + 1, ring);
      };
      clock.setAlarm(clock.now(), ring);
    });
    expect(rings).to.equal(3);
  });
});

/** Resolves after `delayMs`, by the alarm under test. */
function after(clock: SystemClock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setAlarm(clock.now() + delayMs, resolve);
  });
}
