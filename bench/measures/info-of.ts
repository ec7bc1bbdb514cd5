/** What one process tells of itself in INFO, on a connection of its own. */
import { parseInfo } from '../../tests/helpers/cluster-info.js';
import { RespConnection, textOf } from '../../tests/helpers/resp-connection.js';
import type { RoleProcess } from '../../tests/helpers/role-process.js';

export async function infoOf({
  host,
  port,
}: Pick<RoleProcess, 'host' | 'port'>): Promise<Readonly<Record<string, string>>> {
  const connection = await RespConnection.open(host, port);
  try {
    return parseInfo(textOf(await connection.command('INFO'))).fields;
  } finally {
    connection.close();
  }
}
