/** What breaks a rule finds its place in the program as it is compiled now: says so in seconds. */
import { expect } from 'chai';
import { CONTROLS } from '../../sim/control-list.js';
import { brokenFiles } from '../../sim/controls.js';
import { KEPT_CONTROLS } from '../../sim/kept-controls.js';

describe('the list of rules to break', () => {
  for (const control of [...CONTROLS, ...KEPT_CONTROLS]) {
    it(`finds its place: ${control.name}`, () => {
      expect(brokenFiles(control).size).to.be.greaterThan(0);
    });
  }
});
