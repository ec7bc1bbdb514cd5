import { expect } from 'chai';
import { MAX_QUESTIONS } from '../../../src/base/limits.js';
import { Peer } from '../../../src/coordinator/peer.js';
import { Questions } from '../../../src/coordinator/questions.js';

describe('coordinator/questions', () => {
  const peer = new Peer('a:1', 0, 1000, 0);

  it('leaves a member alone from so many open questions on, until half of them are ended', () => {
    const questions = new Questions();
    const asked = Array.from({ length: MAX_QUESTIONS }, () => {
      expect(questions.isFull(peer)).to.equal(false);
      return questions.begin(peer, []);
    });
    const [first, ...others] = asked;
    if (first === undefined) throw new Error('none was asked');
    expect(questions.isFull(peer)).to.equal(true);
    for (let times = 0; times < MAX_QUESTIONS; times += 1) questions.finish(first);
    expect(questions.isFull(peer), 'it ends once').to.equal(true);
    for (const question of others.slice(0, MAX_QUESTIONS / 2 - 2)) questions.finish(question);
    expect(questions.isFull(peer)).to.equal(true);
    questions.finish(others[MAX_QUESTIONS / 2 - 2] ?? first);
    expect(questions.isFull(peer)).to.equal(false);
    expect(questions.all).to.have.length(MAX_QUESTIONS / 2);
  });
});
