/**
 * Text of a configuration file in, frozen `Config` or `ConfigError` out. Reads no file and knows no
 * default path; the machine it runs on is handed in.
 *
 * The first significant line decides between the two formats, so one file never mixes them.
 */
import { type Address, formatAddress, parseAddress, parseHost, sameAddress } from './address.js';
import { BadValueError, ConfigError, LineError } from './config-error.js';
import { parseCourseFormat } from './course-format.js';
import { type Entry, significantLines } from './entry.js';
import { parseIniFormat } from './ini-format.js';
import { defaultMaxMemoryBytes, type MachineFacts } from './machine-facts.js';
import { refuseContradictions } from './relations.js';
import { FIELDS, type Field, FROM_MACHINE, MAX_PARTICIPANTS, SETTINGS } from './settings.js';
import type { Setting, Settings } from './settings.js';
import { nearest } from './suggest.js';

export type Role = 'coordinator' | 'participant';

export interface Config extends Settings {
  readonly role: Role;
  /** Absolute; for messages. */
  readonly fileName: string;
  /** The address by which this process is known to the others. */
  readonly self: Address;
  /** Where it listens: `self`, unless `bind` says otherwise. */
  readonly listen: Address;
  readonly coordinator: Address;
  /** At a participant only itself. */
  readonly participants: readonly Address[];
  /** The folder of this role and address within `dataDir`. */
  readonly dataFolder: string;
  /** The settings that the file holds; all others have their default. */
  readonly given: ReadonlySet<Field>;
}

export const MODE_KEY = 'mode';
export const COORDINATOR_KEY = 'coordinator_info';
export const PARTICIPANT_KEY = 'participant_info';

const FIELD_BY_KEY = new Map<string, Field>(FIELDS.map((field) => [SETTINGS[field].key, field]));
const ALL_KEYS = [MODE_KEY, COORDINATOR_KEY, PARTICIPANT_KEY, ...FIELD_BY_KEY.keys()];

/** `fileName` is absolute: paths in the file are seen from its folder. */
export function loadConfigText(text: string, fileName: string, facts: MachineFacts): Config {
  const file = new ConfigFile(fileName, readEntries(text, fileName));
  file.refuseUnknownKeys();
  const role = file.role();
  const { coordinator, participants } = file.addresses(role);
  const settings = file.settings(facts);
  const self = role === 'coordinator' ? coordinator : (participants[0] ?? coordinator);
  const host = settings.bind ?? self.host;
  const folder = `${role}-${self.host.replace(/[:%]/g, '_')}-${self.port}`;
  const config: Config = {
    ...settings,
    role,
    fileName,
    self: Object.freeze(self),
    listen: Object.freeze({ host, port: self.port }),
    coordinator: Object.freeze(coordinator),
    participants: Object.freeze(participants.map((each) => Object.freeze(each))),
    dataFolder: facts.resolveBeside(fileName, `${settings.dataDir}/${folder}`),
    given: file.given(),
  };
  refuseContradictions(config, (key) => file.lineOf(key));
  return Object.freeze(config);
}

function readEntries(text: string, fileName: string): Entry[] {
  try {
    return isIni(text) ? parseIniFormat(text) : parseCourseFormat(text);
  } catch (error) {
    if (error instanceof LineError) {
      throw new ConfigError(fileName, error.line, error.key, error.message);
    }
    throw error;
  }
}

/** `[section]` or `key = value`. */
function isIni(text: string): boolean {
  const first = significantLines(text).find((line) => !/^[!;#]/.test(line.text));
  return first !== undefined && /^(\[.*\]|[^\s=]+\s*=.*)$/.test(first.text);
}

/** The entries of one file, and how to complain about them. */
class ConfigFile {
  constructor(
    private readonly fileName: string,
    private readonly entries: readonly Entry[],
  ) {}

  lineOf(key: string): number | null {
    return this.entries.find((entry) => entry.key === key)?.line ?? null;
  }

  given(): ReadonlySet<Field> {
    const fields = this.entries.map((entry) => FIELD_BY_KEY.get(entry.key));
    return new Set(fields.filter((field) => field !== undefined));
  }

  refuseUnknownKeys(): void {
    const lines = new Map<string, number>();
    for (const { key, line, repeated } of this.entries) {
      if (!ALL_KEYS.includes(key)) {
        const near = nearest(key, ALL_KEYS);
        const hint = near === null ? '' : `; did you mean \`${near}\`?`;
        throw new ConfigError(this.fileName, line, key, `is not a setting${hint}`);
      }
      if (repeated && key !== PARTICIPANT_KEY) {
        throw new ConfigError(this.fileName, line, key, 'is written without `[]`: one value only');
      }
      const first = lines.get(key);
      if (first !== undefined && key !== PARTICIPANT_KEY) {
        const reason = `is set a second time (first in line ${first})`;
        throw new ConfigError(this.fileName, line, key, reason);
      }
      lines.set(key, first ?? line);
    }
  }

  role(): Role {
    const entry = this.one(MODE_KEY, 'coordinator or participant');
    if (entry.value !== 'coordinator' && entry.value !== 'participant') {
      const reason = `\`${entry.value}\` is neither coordinator nor participant`;
      throw new ConfigError(this.fileName, entry.line, MODE_KEY, reason);
    }
    return entry.value;
  }

  addresses(role: Role): { coordinator: Address; participants: Address[] } {
    const entry = this.one(COORDINATOR_KEY, 'HOST:PORT');
    const coordinator = this.read(entry, parseAddress);
    const lines = this.entries.filter((each) => each.key === PARTICIPANT_KEY);
    if (lines.length === 0) this.one(PARTICIPANT_KEY, 'HOST:PORT');
    const most = role === 'coordinator' ? MAX_PARTICIPANTS : 1;
    const tooMany = lines[most];
    if (tooMany !== undefined) {
      const reason =
        role === 'coordinator'
          ? `there are more than ${MAX_PARTICIPANTS} participants`
          : "a participant's file holds only its own address, once";
      throw new ConfigError(this.fileName, tooMany.line, PARTICIPANT_KEY, reason);
    }
    const taken: Address[] = [coordinator];
    for (const each of lines) {
      const address = this.read(each, parseAddress);
      if (taken.some((other) => sameAddress(other, address))) {
        const reason = `${formatAddress(address)} is already in use in this file`;
        throw new ConfigError(this.fileName, each.line, PARTICIPANT_KEY, reason);
      }
      taken.push(address);
    }
    return { coordinator, participants: taken.slice(1) };
  }

  settings(facts: MachineFacts): Settings {
    const settings: { -readonly [F in Field]?: Settings[F] } = {};
    for (const field of FIELDS) this.fill(settings, field, facts);
    if (settings.bind !== undefined && settings.bind !== null) {
      settings.bind = this.read(this.one('bind', 'a host'), parseHost);
    }
    const dataDir = facts.resolveBeside(this.fileName, settings.dataDir ?? '');
    // Complete, because every field was filled; the mapped type above cannot say so.
    return { ...(settings as Settings), dataDir };
  }

  private fill<F extends Field>(
    settings: { -readonly [G in Field]?: Settings[G] },
    field: F,
    facts: MachineFacts,
  ): void {
    const { key, type, standard } = SETTINGS[field] as Setting<Settings[F]>;
    const entry = this.entries.find((each) => each.key === key);
    const value =
      entry !== undefined
        ? this.read(entry, (text) => type.parse(text))
        : standard === FROM_MACHINE
          ? type.parse(String(defaultMaxMemoryBytes(facts)))
          : standard;
    settings[field] = value;
  }

  private one(key: string, expected: string): Entry {
    const entry = this.entries.find((each) => each.key === key);
    if (entry === undefined) {
      throw new ConfigError(this.fileName, null, key, `is missing (${expected})`);
    }
    return entry;
  }

  private read<T>(entry: Entry, parse: (text: string) => T): T {
    try {
      return parse(entry.value);
    } catch (error) {
      if (!(error instanceof BadValueError)) throw error;
      throw new ConfigError(this.fileName, entry.line, entry.key, error.message);
    }
  }
}
