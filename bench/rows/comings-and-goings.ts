/**
 * A participant that ends or stands still, and how long it takes until it is a member again. Time
 * counts from its process's start, or from the end of its pause, to INFO calling it a member.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ClusterInfo, isWhole, parseInfo, stateOf } from '../../tests/helpers/cluster-info.js';
import { ask } from '../../tests/helpers/data-folders.js';
import type { Cluster } from '../../tests/helpers/processes.js';
import { RespConnection, textOf } from '../../tests/helpers/resp-connection.js';
import type { RoleProcess, StartOptions } from '../../tests/helpers/role-process.js';

const POLL_MS = 5;
const TIMEOUT_MS = 180_000;

async function infoWhen(
  { coordinator }: Cluster,
  holds: (info: ClusterInfo) => boolean,
): Promise<ClusterInfo> {
  const connection = await RespConnection.open(coordinator.host, coordinator.port);
  try {
    for (const end = performance.now() + TIMEOUT_MS; performance.now() < end;) {
      const info = parseInfo(textOf(await connection.command('INFO')));
      if (holds(info)) return info;
      await delay(POLL_MS);
    }
  } finally {
    connection.close();
  }
  throw new Error('a participant did not come back in time');
}

/** Waits until every participant is a member. */
export function whole(cluster: Cluster): Promise<ClusterInfo> {
  return infoWhen(cluster, isWhole);
}

function gone(cluster: Cluster, role: RoleProcess): Promise<ClusterInfo> {
  return infoWhen(cluster, (info) => stateOf(info, role.address) !== 'member');
}

export interface Return {
  readonly seconds: number;
  /** How it got what it had missed; 'log' if it had missed nothing. */
  readonly by: 'log' | 'delta' | 'snapshot';
}

async function returnOf(cluster: Cluster, from: number, before: ClusterInfo): Promise<Return> {
  const after = await whole(cluster);
  const seconds = (performance.now() - from) / 1000;
  const grown = (field: string): boolean =>
    Number(after.fields[field]) > Number(before.fields[field]);
  const by = grown('rejoins_by_snapshot') ? 'snapshot' : grown('rejoins') ? 'delta' : 'log';
  return { seconds, by };
}

/** A DEL is answered once it is decided, and so is whatever came before it. */
async function allDecided({ coordinator }: Cluster): Promise<void> {
  const answer = await ask(coordinator, 'DEL', 'no such key');
  if (answer !== '0') throw new Error(`a DEL was answered ${answer}`);
}

/** Killed and started again at once, without any writes meanwhile. */
export async function restarted(
  cluster: Cluster,
  role: RoleProcess,
  start: StartOptions = {},
): Promise<Return> {
  await allDecided(cluster);
  const before = await whole(cluster);
  await role.kill9();
  await gone(cluster, role);
  const from = performance.now();
  await role.start(start);
  return returnOf(cluster, from, before);
}

/** Killed, its folder emptied, and started when others have done without it for a second. */
export async function refilled(
  cluster: Cluster,
  role: RoleProcess,
  start: StartOptions = {},
): Promise<Return> {
  const before = await whole(cluster);
  await role.kill9();
  rmSync(join(role.folder, 'data'), { recursive: true, force: true });
  await gone(cluster, role);
  await delay(1000);
  const from = performance.now();
  await role.start(start);
  return returnOf(cluster, from, before);
}

/** Killed, and started again after this time. */
export async function missedKilled(
  cluster: Cluster,
  role: RoleProcess,
  outageSeconds: number,
  start: StartOptions = {},
): Promise<Return> {
  const before = await whole(cluster);
  await role.kill9();
  await delay(outageSeconds * 1000);
  const from = performance.now();
  await role.start(start);
  return returnOf(cluster, from, before);
}

/** Stopped for this time while its process lives, as behind a network that was cut. */
export async function missedPaused(
  cluster: Cluster,
  role: RoleProcess,
  outageSeconds: number,
): Promise<Return> {
  const before = await whole(cluster);
  role.pause();
  await delay(outageSeconds * 1000);
  const from = performance.now();
  role.resume();
  return returnOf(cluster, from, before);
}
