/** Requests that come before the log is read: how long they wait, and what goes on with them. */
import { expect } from 'chai';
import type { StoreRequest } from '../../../src/base/store-request.js';
import { EarlyRequests } from '../../../src/io/early-requests.js';

const REQUEST: StoreRequest = { type: 'read', command: { op: 'size', keys: [] } };

class Bench {
  now = 5000;
  readonly answers: string[] = [];
  readonly early: EarlyRequests;
  private notify: () => void = () => undefined;

  constructor(waitMs: number, limit = 10) {
    this.early = new EarlyRequests({
      limit,
      waitMs,
      now: () => this.now,
      answer: ({ token }, reply) => {
        this.answers.push(`${token} ${reply.type === 'error' ? reply.code : reply.type}`);
        this.notify();
      },
    });
  }

  hold(token: number): void {
    this.early.hold({ session: 1, token }, REQUEST);
  }

  /** `TOKEN WAITED` */
  release(): string[] {
    const taken: string[] = [];
    this.early.release(({ token }, _request, waitedMs) => taken.push(`${token} ${waitedMs}`));
    return taken;
  }

  answered(): Promise<void> {
    return new Promise((resolve) => {
      this.notify = resolve;
    });
  }
}

describe('io/early-requests', () => {
  it('hands on what came, in order, each with what it has waited', () => {
    const bench = new Bench(60_000);
    bench.hold(1);
    bench.now += 400;
    bench.hold(2);
    bench.now += 900;
    expect(bench.release()).to.deep.equal(['1 1300', '2 900']);
    expect(bench.release(), 'once').to.deep.equal([]);
    expect(bench.answers).to.deep.equal([]);
  });

  it('answers what has waited for its time', async () => {
    const bench = new Bench(30);
    const from = performance.now();
    bench.hold(1);
    await bench.answered();
    expect(performance.now() - from).to.be.within(25, 400);
    expect([bench.answers, bench.release()]).to.deep.equal([['1 LOADING'], []]);
  });

  it('holds so many and no more, and refuses all when the process stops', () => {
    const bench = new Bench(60_000, 2);
    for (const token of [1, 2, 3]) bench.hold(token);
    expect(bench.answers).to.deep.equal(['3 LOADING']);
    bench.early.refuseAll();
    expect(bench.answers).to.deep.equal(['3 LOADING', '1 LOADING', '2 LOADING']);
    expect(bench.release()).to.deep.equal([]);
  });
});
