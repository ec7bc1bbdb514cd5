/**
 * A configuration as people check it: every effective setting, in the course format, so that the
 * output without the hidden secrets is itself a configuration that means the same.
 */
import { formatAddress } from './address.js';
import { type Config, COORDINATOR_KEY, MODE_KEY, PARTICIPANT_KEY } from './config.js';
import { type Field, FIELDS, type Setting, SETTINGS, type Settings } from './settings.js';

const HIDDEN = '***';

export function printConfig(config: Config): string {
  const given = FIELDS.filter((field) => config.given.has(field));
  const others = FIELDS.filter((field) => !config.given.has(field) && concerns(config, field));
  const lines = [
    `! ${config.fileName}`,
    `${MODE_KEY} ${config.role}`,
    `${COORDINATOR_KEY} ${formatAddress(config.coordinator)}`,
    ...config.participants.map((each) => `${PARTICIPANT_KEY} ${formatAddress(each)}`),
    ...given.map((field) => settingLine(config, field)),
    '!',
    '! defaults',
    ...others.map((field) => settingLine(config, field)),
    '!',
    `! log folder: ${config.dataFolder}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** What anybody may see: keys and values of the settings of this role, without the secrets. */
export function visibleSettings(config: Config): [key: string, value: string][] {
  return FIELDS.filter((field) => SETTINGS[field].secret !== true && concerns(config, field)).map(
    (field) => [SETTINGS[field].key, valueText(config, field)],
  );
}

function concerns(config: Config, field: Field): boolean {
  const { roles } = SETTINGS[field];
  return roles === 'both' || roles === config.role;
}

function settingLine<F extends Field>(config: Config, field: F): string {
  const { key, secret } = SETTINGS[field];
  if (config[field] === null) return `! ${key} is not set`;
  return `${key} ${secret === true ? HIDDEN : valueText(config, field)}`;
}

function valueText<F extends Field>(config: Config, field: F): string {
  const { type } = SETTINGS[field] as Setting<Settings[F]>;
  return type.print(config[field]);
}
