/** Every row in the order of a run: those that share a system stand together. */
import type { Row } from '../row.js';
import { DISK_ROW } from './disk.js';
import { KEY_COUNTS_ROW } from './key-counts.js';
import { COORDINATOR_MEMORY_ROW, MEMORY_PER_KEY_ROW } from './memory.js';
import { PARTICIPANTS_ROW } from './participants.js';
import { PAUSES_ROW } from './pauses.js';
import { RETURNING_ROWS } from './returning.js';
import { SHAPE_CLIENTS_ROW } from './shape-clients.js';
import { SHAPE_ROWS } from './shapes.js';
import { SNAPSHOT_ROW } from './snapshot-writing.js';
import { throughputRows } from './throughput.js';

export const ALL_ROWS: readonly Row[] = [
  ...throughputRows(),
  DISK_ROW,
  PARTICIPANTS_ROW,
  MEMORY_PER_KEY_ROW,
  ...RETURNING_ROWS,
  SNAPSHOT_ROW,
  PAUSES_ROW,
  COORDINATOR_MEMORY_ROW,
  KEY_COUNTS_ROW,
  ...SHAPE_ROWS,
  SHAPE_CLIENTS_ROW,
];
