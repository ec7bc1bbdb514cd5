import { expect } from 'chai';
import { parseIniFormat } from '../../../src/config/ini-format.js';
import { load, refusal } from './facts.js';

const HEAD = [
  'mode = coordinator',
  'coordinator_info = 127.0.0.1:8001',
  'participant_info[] = 127.0.0.1:8002',
];

const password = (written: string) => load(...HEAD, `requirepass = ${written}`).requirepass;

describe('ini format', () => {
  it('gives the line of every entry, over comments, sections and blank lines', () => {
    const text = '; one\r\n\r\na = 1\r\n[group]\r\n# two\r\n  b=2 \r\nc[] = x\r\nc[] = y';
    expect(parseIniFormat(text)).to.deep.equal([
      { key: 'a', value: '1', repeated: false, line: 3 },
      { key: 'b', value: '2', repeated: false, line: 6 },
      { key: 'c', value: 'x', repeated: true, line: 7 },
      { key: 'c', value: 'y', repeated: true, line: 8 },
    ]);
  });

  it('lets several values stand in several sections', () => {
    const text = 'p[] = 1\n[one]\np[] = 2\np[] = 3\n[two]\np[] = 4';
    expect(parseIniFormat(text).map((entry) => entry.value)).to.deep.equal(['1', '2', '3', '4']);
  });

  it('is recognised by its first line, section or assignment', () => {
    expect(load('[cluster]', ...HEAD).role).to.equal('coordinator');
    expect(load('mode=coordinator', ...HEAD.slice(1)).role).to.equal('coordinator');
  });

  it('accepts one participant without brackets', () => {
    const config = load(...HEAD.slice(0, 2), 'participant_info = 127.0.0.1:8002');
    expect(config.participants).to.have.length(1);
  });

  it('reads values as they are written', () => {
    expect(password('"a#b;c"')).to.equal('a#b;c');
    expect(password("'a#b;c'")).to.equal('a#b;c');
    expect(password('a\\#b\\;c')).to.equal('a#b;c');
    expect(password('a=b==')).to.equal('a=b==');
    expect(password('"say \\"x\\""')).to.equal('say "x"');
    expect(password('C:\\data')).to.equal('C:\\data');
    for (const word of ['true', 'false', 'null', '0123', '1e3', '"1e3"', '"true"']) {
      expect(password(word)).to.equal(word.replace(/"/g, ''));
    }
  });

  const traps: [string, string][] = [
    ['requirepass = a#b;c', 'holds `;` or `#`'],
    ['requirepass = a ; comment', 'holds `;` or `#`'],
    ['requirepass = a\\\\#b', 'holds `;` or `#`'],
    ["requirepass = '1e3'", 'would be read as something else'],
    ["requirepass = '[1]'", 'would be read as something else'],
    ["requirepass = '", 'would be read as something else'],
    ['requirepass = "a"b"', 'without `\\`'],
    ['requirepass = "a" "b"', 'without `\\`'],
    ['requirepass = "\\u0000"', 'control character'],
    ['requirepass = "a\\nb"', 'control character'],
    ['requirepass =', 'has no value'],
    ['requirepass = ""', 'has no value'],
    ['garbage', 'is not of the form `key = value`'],
    ['requirepass secret', 'is not of the form `key = value`'],
    ['mode = coordinator', 'is set a second time (first in line 1)'],
    ['participant_info = 127.0.0.1:8003', 'is set a second time (first in line 3)'],
    ['__proto__ = x', 'is not a key'],
    ['a.b = x', 'is not a key'],
    ['= x', 'is not a key'],
    ['"mode" = x', 'is not a key'],
    ['[a.b]', 'is not a section'],
    ['[__proto__]', 'is not a section'],
    ['[a] ; comment', 'is not a section'],
    ['[mode]\nrequirepass = x', 'is also the name of a section'],
    ['! comment', 'comments start with'],
    ['log_level[] = info', 'one value only'],
  ];
  for (const [line, reason] of traps) {
    it(`refuses what would be swallowed: ${JSON.stringify(line)}`, () => {
      const message = refusal(...HEAD, line);
      expect(message).to.include(reason);
      expect(message).to.match(/^:\d: /);
    });
  }
});
