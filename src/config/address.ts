/**
 * `HOST:PORT`, where HOST is a host name, an IPv4 address, or an IPv6 address in brackets. Two
 * spellings of one address become equal text; names are not looked up.
 */
import { BadValueError } from './config-error.js';

export interface Address {
  /** Lower case; an IPv6 address in its shortest form and without brackets. */
  readonly host: string;
  readonly port: number;
}

const LABEL = '[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?';
const HOST_NAME = new RegExp(`^${LABEL}(\\.${LABEL})*\\.?$`);
const MAX_HOST_LENGTH = 253;
const IPV6_GROUPS = 8;

export function parseAddress(text: string): Address {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  if (match === null) {
    const hint = /:.*:/.test(text) ? ' (an IPv6 address stands in brackets: `[::1]:8001`)' : '';
    throw new BadValueError(`\`${text}\` is not of the form HOST:PORT${hint}`);
  }
  const port = Number(match[3]);
  if (port < 1 || port > 65535) throw new BadValueError(`port ${port} is not within 1 to 65535`);
  return { host: parseHost(match[1] === undefined ? (match[2] ?? '') : `[${match[1]}]`), port };
}

/** A host alone; IPv6 addresses with or without brackets. */
export function parseHost(text: string): string {
  const lower = text.toLowerCase();
  if (lower.includes(':') || lower.startsWith('[')) {
    const canonical = canonicalIpv6(lower.replace(/^\[(.*)\]$/, '$1'));
    if (canonical === null) throw new BadValueError(`\`${text}\` is not an IPv6 address`);
    return canonical;
  }
  if (/^[\d.]+$/.test(lower)) {
    if (ipv4Octets(lower) === null) throw new BadValueError(`\`${text}\` is not an IPv4 address`);
    return lower;
  }
  if (lower.length > MAX_HOST_LENGTH || !HOST_NAME.test(lower)) {
    throw new BadValueError(`\`${text}\` is not a host name or an address`);
  }
  return lower;
}

export function formatAddress(address: Address): string {
  const { host, port } = address;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.host === b.host && a.port === b.port;
}

function ipv4Octets(text: string): number[] | null {
  const parts = text.split('.');
  // No leading zeros: some resolvers read 010 as eight, others as ten.
  const valid = parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  return parts.length === 4 && valid ? parts.map(Number) : null;
}

/** The shortest spelling (RFC 5952), or null. A zone (`%eth0`) is kept as it is. */
function canonicalIpv6(text: string): string | null {
  const match = /^([0-9a-f:.]+)(%[a-z0-9_.-]+)?$/.exec(text);
  const groups = match === null ? null : ipv6Groups(match[1] ?? '');
  return groups === null ? null : compress(groups) + (match?.[2] ?? '');
}

function ipv6Groups(text: string): number[] | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 1 ? [] : groupsOf(halves[1] ?? '', true);
  if (head === null || tail === null) return null;
  const missing = IPV6_GROUPS - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

/** The groups of one side of `::`; an IPv4 address may stand for the last two of all. */
function groupsOf(text: string, atEnd: boolean): number[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  const octets = atEnd ? ipv4Octets(parts[parts.length - 1] ?? '') : null;
  const plain = octets === null ? parts : parts.slice(0, -1);
  if (!plain.every((part) => /^[0-9a-f]{1,4}$/.test(part))) return null;
  const groups = plain.map((part) => parseInt(part, 16));
  const [a = 0, b = 0, c = 0, d = 0] = octets ?? [];
  return octets === null ? groups : [...groups, a * 256 + b, c * 256 + d];
}

/** Puts `::` in place of the first longest run of at least two zero groups. */
function compress(groups: readonly number[]): string {
  let start = -1;
  let length = 1;
  for (let from = 0; from < groups.length; from++) {
    let to = from;
    while (groups[to] === 0) to++;
    if (to - from > length) {
      start = from;
      length = to - from;
    }
  }
  const hex = groups.map((group) => group.toString(16));
  if (start === -1) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}
