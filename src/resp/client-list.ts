/**
 * One line of CLIENT LIST, with Redis's fields in Redis's order, since tools read them by name.
 * Fields of things that do not exist here hold what Redis shows when they are unused.
 */
import type { ClientInfo } from './environment.js';

export function formatClient(client: ClientInfo): string {
  const fields: readonly (readonly [string, string | number])[] = [
    ['id', client.id],
    ['addr', client.address],
    ['laddr', client.localAddress],
    ['fd', -1],
    ['name', client.name],
    ['age', client.ageSeconds],
    ['idle', client.idleSeconds],
    ['flags', client.flags],
    ['db', 0],
    ['sub', 0],
    ['psub', 0],
    ['ssub', 0],
    ['multi', -1],
    ['qbuf', client.queryBytes],
    ['qbuf-free', 0],
    ['argv-mem', 0],
    ['multi-mem', 0],
    ['rbs', 0],
    ['rbp', 0],
    ['obl', 0],
    ['oll', client.inFlight],
    ['omem', client.outputBytes],
    ['tot-mem', client.queryBytes + client.outputBytes],
    ['events', 'r'],
    ['cmd', client.command],
    ['user', 'default'],
    ['redir', -1],
    ['resp', client.resp],
    ['lib-name', client.libName],
    ['lib-ver', client.libVersion],
  ];
  return `${fields.map(([name, value]) => `${name}=${value}`).join(' ')}\n`;
}
