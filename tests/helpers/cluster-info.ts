/**
 * INFO as the coordinator tells it, turned into values that tests can ask. Nothing here decides
 * anything: a field that is missing is `undefined`.
 */

export interface ParticipantInfo {
  readonly address: string;
  readonly state: string;
  readonly fields: Readonly<Record<string, string>>;
}

export interface ClusterInfo {
  readonly text: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly participants: readonly ParticipantInfo[];
}

const PARTICIPANT_FIELD = /^participant\d+$/;

function participantOf(text: string): ParticipantInfo {
  const fields: Record<string, string> = {};
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    if (equals > 0) fields[part.slice(0, equals)] = part.slice(equals + 1);
  }
  return { address: fields['address'] ?? '', state: fields['state'] ?? '', fields };
}

export function parseInfo(text: string): ClusterInfo {
  const fields: Record<string, string> = {};
  const participants: ParticipantInfo[] = [];
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0 || line.startsWith('#')) continue;
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1);
    fields[name] = value;
    if (PARTICIPANT_FIELD.test(name)) participants.push(participantOf(value));
  }
  return { text, fields, participants };
}

export function isServing(info: ClusterInfo): boolean {
  return info.fields['state'] === 'serving' && info.fields['loading'] !== '1';
}

/** Serving, and every configured participant is in the view. */
export function isWhole(info: ClusterInfo): boolean {
  return isServing(info) && info.participants.every(({ state }) => state === 'member');
}

export function stateOf(info: ClusterInfo, address: string): string | undefined {
  return info.participants.find((participant) => participant.address === address)?.state;
}
