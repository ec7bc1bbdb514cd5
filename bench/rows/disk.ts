/** Bytes that go to the disk for each byte of key and value, in all processes of a system. */
import { comparison, type Figure } from '../figure.js';
import { BASE_LOAD } from '../load/load-spec.js';
import { diskBytesWritten } from '../measures/process-counters.js';
import type { Bench, Row } from '../row.js';
import type { System } from '../systems/system.js';

const KEY_BYTES = 16;
/** A system that has just begun is slow. */
const LEAST_SECONDS = 2;

export const DISK_ROW: Row = {
  name: 'disk-bytes',
  title: 'bytes written to the disk a byte of data, all processes, SET, 50 clients',
  tools: ['redis-server'],
  uses: ['ours', 'replicated'],
  isQuick: true,
  measure: measureDisk,
};

async function measureDisk(bench: Bench): Promise<Figure[]> {
  const ours = await bench.systems.ours();
  const peer = await bench.systems.peer('replicated');
  const ourFactors: number[] = [];
  const peerFactors: number[] = [];
  for (let pair = 0; pair < bench.scale.pairs; pair += 1) {
    ourFactors.push(await writtenPerByte(bench, ours));
    peerFactors.push(await writtenPerByte(bench, peer));
  }
  const { name: row, title } = DISK_ROW;
  const peers = { label: peer.label, values: peerFactors };
  return [comparison({ row, title }, 'factor', ourFactors, peers)];
}

async function writtenPerByte({ generator, scale }: Bench, system: System): Promise<number> {
  const { pids, port, set } = system;
  const before = diskBytesWritten(pids);
  const load = { ...BASE_LOAD, port, operations: [set], warmUpSeconds: 0 };
  const seconds = Math.max(LEAST_SECONDS, scale.seconds);
  const { requests } = await generator.run({ ...load, seconds });
  return (diskBytesWritten(pids) - before) / (requests * (KEY_BYTES + BASE_LOAD.valueBytes));
}
