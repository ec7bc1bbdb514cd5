import { Writable } from 'node:stream';
import { expect } from 'chai';
import { CrashPoint } from '../../../src/io/crash-point.js';
import { WinstonTrace, type WinstonTraceOptions } from '../../../src/io/winston-trace.js';

function traced(options: Partial<WinstonTraceOptions>, use: (trace: WinstonTrace) => void): string {
  let text = '';
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  use(new WinstonTrace({ level: 'info', format: 'text', crashPoint: null, output, ...options }));
  return text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME');
}

describe('winston trace', () => {
  it('prints an event as one line with its values', () => {
    const text = traced({}, (trace) => {
      trace.event('info', 'view changed', { number: 3, members: 2, first: 'a b', quote: 'x="y"' });
      trace.event('warn', 'no values');
    });
    expect(text).to.equal(
      'TIME info  view changed number=3 members=2 first="a b" quote="x=\\"y\\""\nTIME warn  no values\n',
    );
  });

  it('keeps an event on one line whatever it says', () => {
    const text = traced({}, (trace) => {
      trace.event('error', 'a\nb\u001b[0m', { error: 'x\r\ny', empty: '' });
    });
    expect(text).to.equal('TIME error a\\nb\\u001b[0m error="x\\r\\ny" empty=""\n');
  });

  it('drops what is less important than its level', () => {
    const text = traced({ level: 'warn' }, (trace) => {
      for (const level of ['debug', 'info', 'warn', 'error'] as const) trace.event(level, 'x');
    });
    expect(text).to.equal('TIME warn  x\nTIME error x\n');
  });

  it('prints JSON on request, one object a line', () => {
    const text = traced({ format: 'json' }, (trace) => {
      trace.event('info', 'a\nb', { n: 1 });
    });
    expect(JSON.parse(text)).to.deep.equal({ time: 'TIME', level: 'info', message: 'a\nb', n: 1 });
    expect(text.endsWith('}\n')).to.equal(true);
  });
});

describe('crash point', () => {
  it('kills at the named point, at the visit that was asked for, and says so beforehand', () => {
    let kills = 0;
    const crashPoint = CrashPoint.parse('afterVote:2', () => kills++);
    const text = traced({ crashPoint }, (trace) => {
      trace.point('other');
      trace.point('afterVote');
      expect(kills).to.equal(0);
      trace.point('afterVote');
      expect(kills).to.equal(1);
    });
    expect(text).to.match(/^TIME warn .* point=afterVote\n$/);
  });

  it('is absent without its variable', () => {
    expect(CrashPoint.parse(undefined)).to.equal(null);
    expect(CrashPoint.parse('')).to.equal(null);
  });
});
