import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadConfigText } from '../../../src/config/config.js';
import { FIELDS, SETTINGS, settingsTableMarkdown } from '../../../src/config/settings.js';
import { PROJECT_ROOT } from '../../helpers/project-root.js';
import { FACTS, FILE } from './facts.js';

const SHIPPED = ['coordinator', 'participant1', 'participant2', 'participant3'];

describe('documentation of the settings', () => {
  it('has a row for every setting, each with a sentence', () => {
    const rows = settingsTableMarkdown().split('\n').slice(2);
    expect(rows).to.have.length(FIELDS.length);
    for (const field of FIELDS) expect(SETTINGS[field].help, field).to.match(/^[A-Z].*\.$/);
  });

  it('is in the README as the code has it (`npm run docs` refreshes it)', () => {
    const file = join(PROJECT_ROOT, 'README.md');
    expect(existsSync(file), 'README.md exists').to.equal(true);
    const text = readFileSync(file, 'utf8');
    const table = /<!-- settings -->\n([^]*?)\n<!-- \/settings -->/.exec(text)?.[1];
    expect(table?.trim()).to.equal(settingsTableMarkdown());
  });

  for (const name of SHIPPED) {
    describe(`conf/${name}.conf`, () => {
      const text = readFileSync(join(PROJECT_ROOT, 'conf', `${name}.conf`), 'utf8');
      const config = loadConfigText(text, FILE, FACTS);

      it('is valid, and means the defaults', () => {
        const others = [...config.given].filter((field) => field !== 'replyFormat');
        expect(others).to.deep.equal([]);
        if (config.role === 'coordinator') expect(config.replyFormat).to.equal('redis');
      });

      it('shows every setting of its role, valid when it is taken in', () => {
        const shown = text.replace(/^! (?=[a-z_]+ \S*[^.\s]$)/gm, '');
        const full = loadConfigText(shown, FILE, FACTS);
        const mine = FIELDS.filter((field) =>
          ['both', config.role].includes(SETTINGS[field].roles),
        );
        expect([...full.given].sort()).to.deep.equal([...mine].sort());
      });

      it('shows the defaults', () => {
        for (const field of FIELDS) {
          const { key, type, standard } = SETTINGS[field];
          if (standard === null || typeof standard === 'symbol') continue;
          const value = new RegExp(`^! ${key} (\\S+)$`, 'm').exec(text)?.[1];
          if (value !== undefined) expect(type.parse(value), key).to.equal(standard);
        }
      });

      it('explains every key in a comment above it', () => {
        const rows = text.split('\n');
        rows.forEach((row, index) => {
          if (!/^(! )?[a-z_]+ \S*[^.\s]$/.test(row)) return;
          const above = rows[index - 1] ?? '';
          const sibling =
            above.startsWith('participant_info') && row.startsWith('participant_info');
          expect(sibling || /^! .*[.:]$/.test(above), `line ${index + 1}: ${row}`).to.equal(true);
        });
      });
    });
  }

  it('gives the shipped processes the ports 8001 to 8004', () => {
    const ports = SHIPPED.map((name) => {
      const text = readFileSync(join(PROJECT_ROOT, 'conf', `${name}.conf`), 'utf8');
      return loadConfigText(text, FILE, FACTS).self.port;
    });
    expect(ports).to.deep.equal([8001, 8002, 8003, 8004]);
  });
});
