/**
 * The rules that are broken one at a time, each by a change to the compiled program. Where a second
 * rule stands behind one, so that nobody sees the first fail, that one is broken with it (`also`).
 */
import type { Control } from './controls.js';
import { DECISION_CONTROLS } from './decision-controls.js';
import { PROTOCOL_CONTROLS } from './protocol-controls.js';
import { STORAGE_CONTROLS } from './storage-controls.js';

export const CONTROLS: readonly Control[] = [
  ...STORAGE_CONTROLS,
  ...PROTOCOL_CONTROLS,
  ...DECISION_CONTROLS,
];
