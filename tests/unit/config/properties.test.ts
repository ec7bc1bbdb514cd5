import { isIPv6 } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { formatAddress, parseAddress } from '../../../src/config/address.js';
import { loadConfigText } from '../../../src/config/config.js';
import { BadValueError, ConfigError } from '../../../src/config/config-error.js';
import { type Field, FIELDS, SETTINGS } from '../../../src/config/settings.js';
import { nearest } from '../../../src/config/suggest.js';
import { duration, GB, size } from '../../../src/config/values.js';
import { FACTS, FILE } from './facts.js';

const plainWord = fc.stringMatching(/^[a-zA-Z0-9_./+-]{1,30}$/);
const address = fc
  .tuple(
    fc.oneof(
      fc.ipV4(),
      fc.domain(),
      fc.ipV6().map((ip) => `[${ip}]`),
    ),
    fc.integer({ min: 1, max: 65535 }),
  )
  .map(([host, port]) => `${host}:${port}`);

/** Text for settings that have no relation to others. */
const values: Partial<Record<Field, fc.Arbitrary<string>>> = {
  dataDir: plainWord,
  requirepass: plainWord,
  clusterSecret: plainWord,
  logLevel: fc.constantFrom('error', 'warn', 'info', 'debug'),
  replyFormat: fc.constantFrom('redis', 'lab', 'auto'),
  maxClients: fc.integer({ min: 1, max: 1000 }).map(String),
  failureTimeoutMs: fc.constantFrom('500ms', '1.5s', '700', '2s'),
  maxKeyBytes: fc.constantFrom('1kb', '100', '2 mb'),
};

const lines = fc
  .tuple(
    fc.uniqueArray(address, { minLength: 2, maxLength: 9, selector: (text) => canonical(text) }),
    fc.record(values as Record<string, fc.Arbitrary<string>>, { requiredKeys: [] }),
  )
  .map(([addresses, chosen]) => [
    ['mode', 'coordinator'] as const,
    ['coordinator_info', addresses[0] ?? ''] as const,
    ...addresses.slice(1).map((each) => ['participant_info', each] as const),
    ...Object.entries(chosen).map(([field, text]) => [SETTINGS[field as Field].key, text] as const),
  ]);

const space = fc.stringMatching(/^[ \t]{1,3}$/);
const lineEnd = fc.constantFrom('\n', '\r\n', '\n\n', '\r\n \r\n');

function canonical(text: string): string {
  return formatAddress(parseAddress(text));
}

describe('configuration, for all settings', () => {
  it('says the same in both formats, whatever the white space and the comments', () => {
    fc.assert(
      fc.property(lines, space, lineEnd, (pairs, blank, end) => {
        const course = pairs
          .map(([key, value]) => `${blank}${key}${blank}${value}${blank}${end}! [x] = y`)
          .join(end);
        const ini = pairs
          .map(([key, value]) => {
            const name = key === 'participant_info' ? `${key}[]` : key;
            return `${blank}${name}${blank}=${blank}${value}${blank}${end}; x y${end}# x`;
          })
          .join(end);
        const fromIni = loadConfigText(ini, FILE, FACTS);
        expect(fromIni).to.deep.equal(loadConfigText(course, FILE, FACTS));
        expect(fromIni.participants.map(formatAddress)).to.deep.equal(
          pairs
            .filter(([key]) => key === 'participant_info')
            .map(([, value = '']) => canonical(value)),
        );
      }),
    );
  });

  it('answers any text with a configuration or with an error that names the file', () => {
    const anyLine = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('mode coordinator', 'mode = participant', '[a]', 'participant_info[]=a:1'),
      fc.constantFrom('coordinator_info a:1', 'garbage', '"="', "'='='", '__proto__ = 1', '=='),
    );
    fc.assert(
      fc.property(fc.array(anyLine), (parts) => {
        try {
          loadConfigText(parts.join('\n'), FILE, FACTS);
        } catch (error) {
          expect(error).to.be.instanceOf(ConfigError);
          expect((error as ConfigError).message.startsWith(FILE)).to.equal(true);
        }
      }),
    );
  });

  it('accepts fractions of a unit, not of the least one', () => {
    expect(duration(1, 5000).parse('1.1s')).to.equal(1100);
    expect(size(1, GB).parse('1.5kb')).to.equal(1536);
    expect(() => duration(1, 5000).parse('1.5ms')).to.throw(BadValueError);
    expect(() => size(1, GB).parse('1.0001kb')).to.throw(BadValueError);
  });

  it('suggests a key for every single mistyped letter', () => {
    const keys = FIELDS.map((field) => SETTINGS[field].key);
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.nat(), (key, at) => {
        const place = at % key.length;
        const mistyped = `${key.slice(0, place)}q${key.slice(place + 1)}`;
        expect(nearest(mistyped, keys)).to.equal(key);
      }),
    );
  });

  it('reads back every duration and size that it prints', () => {
    const types = [duration(1, 1e9), size(1, 4 * GB)];
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.integer({ min: 1, max: 1e9 }), (type, value) => {
        expect(type.parse(type.print(value))).to.equal(value);
      }),
    );
  });
});

describe('addresses', () => {
  it('bring IPv6 addresses to the form that URLs have', () => {
    fc.assert(
      fc.property(fc.ipV6(), (ip) => {
        expect(canonical(`[${ip}]:80`)).to.equal(`${new URL(`ftp://[${ip}]/`).hostname}:80`);
      }),
    );
  });

  it('accept in brackets exactly what is an IPv6 address', () => {
    const nearly = fc.stringMatching(/^[0-9a-f:.]{1,20}$/);
    fc.assert(
      fc.property(
        fc.oneof(
          nearly,
          fc.ipV6(),
          fc.ipV4().map((ip) => `::${ip}`),
        ),
        (text) => {
          let accepted = true;
          try {
            parseAddress(`[${text}]:1`);
          } catch {
            accepted = false;
          }
          expect(accepted).to.equal(isIPv6(text));
        },
      ),
      { numRuns: 1000 },
    );
  });

  const bad = ['', 'a', 'a:', ':1', 'a:0', 'a:65536', 'a:1x', 'a b:1', '::1:8001', '1.2.3:1'];
  const worse = [
    '256.1.1.1:1',
    '1.2.3.04:1',
    '-a:1',
    'a..b:1',
    '[]:1',
    '[1:2:3:4::5:6:7:8]:1',
    '[::1]',
  ];
  for (const text of [...bad, ...worse]) {
    it(`refuse \`${text}\``, () => {
      expect(() => parseAddress(text)).to.throw();
    });
  }
});
