/** The README's table of commands is the registry's (`npm run docs` refreshes it). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { commandTableMarkdown } from '../../../src/resp/registry.js';
import { PROJECT_ROOT } from '../../helpers/project-root.js';

describe('documentation of the commands', () => {
  it('is in the README as the code has it', () => {
    const text = readFileSync(join(PROJECT_ROOT, 'README.md'), 'utf8');
    const table = /<!-- commands -->\n([^]*?)\n<!-- \/commands -->/.exec(text)?.[1];
    expect(table?.trim()).to.equal(commandTableMarkdown().trim());
  });
});
