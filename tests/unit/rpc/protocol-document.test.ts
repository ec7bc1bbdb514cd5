/** The message table of docs/PROTOCOL.md names every message and every field, and no other. */
import { expect } from 'chai';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { PEER_PREFIX } from '../../../src/rpc/codec.js';
import { PROTOCOL_VERSION } from '../../../src/rpc/messages.js';
import { replies, requests } from './messages-arbitrary.js';

const document = readFileSync('docs/PROTOCOL.md', 'utf8');

function documented(): Map<string, string[]> {
  const section = document.split('\n## Messages\n')[1]?.split('\n## ')[0] ?? '';
  const rows = section.matchAll(/^\| `(\w+)` \|.*\|([^|]*)\|$/gm);
  return new Map(
    Array.from(rows, ([, name = '', fields = '']) => [name, fields.match(/\w+/g) ?? []]),
  );
}

function sampled(): Map<string, string[]> {
  const all: Readonly<Record<string, fc.Arbitrary<object>>> = { ...requests, ...replies };
  return new Map(
    Object.entries(all).map(([name, arbitrary]) => {
      const fields = fc.sample(arbitrary, 1).flatMap(Object.keys);
      return [name, fields.filter((field) => field !== 'type')];
    }),
  );
}

describe('docs/PROTOCOL.md', () => {
  it('lists every message with its fields', () => {
    const told = documented();
    const real = sampled();
    expect([...told.keys()].sort()).to.deep.equal([...real.keys()].sort());
    for (const [name, fields] of real) expect(told.get(name), name).to.have.members(fields);
  });

  it('names the version that is spoken', () => {
    expect(document).to.contain(`This is version ${PROTOCOL_VERSION}.`);
  });

  it('shows the beginning of a peer connection', () => {
    const shown = JSON.stringify(PEER_PREFIX.toString()).slice(1, -1);
    expect(document).to.contain(`\`${shown}\``);
  });
});
