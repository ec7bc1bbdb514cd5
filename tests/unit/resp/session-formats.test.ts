/** The two reply formats, and how `auto` turns from one to the other. */
import { expect } from 'chai';
import { registry } from '../../../src/resp/registry.js';
import { SessionDriver } from './session-driver.js';

const CLOUD = '*2\r\n$5\r\nCloud\r\n$9\r\nComputing\r\n';

describe('reply format lab', () => {
  const lab = (): SessionDriver => new SessionDriver({ replyFormat: 'lab' });

  it('answers a value as the array of its words', () => {
    const driver = lab();
    for (const [value, reply] of [
      ['Cloud Computing', CLOUD],
      ['', '*1\r\n$0\r\n\r\n'],
      ['a  b', '*3\r\n$1\r\na\r\n$0\r\n\r\n$1\r\nb\r\n'],
      ['item3_value', '*1\r\n$11\r\nitem3_value\r\n'],
    ] as const) {
      driver.line('GET k');
      expect(driver.value(value)).to.equal(reply);
    }
    driver.line('GET k');
    expect(driver.value(null)).to.equal('*1\r\n$3\r\nnil\r\n');
  });

  it('joins the words of a SET with single spaces', () => {
    const driver = lab();
    driver.send('*4\r\n$3\r\nSET\r\n$7\r\nCS06142\r\n$5\r\nCloud\r\n$9\r\nComputing\r\n');
    expect(driver.ok()).to.equal('+OK\r\n');
    driver.send('*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n$2\r\nEX\r\n$0\r\n\r\n');
    expect(driver.ok()).to.equal('+OK\r\n');
    expect(driver.requests).to.deep.equal([
      'write set CS06142=Cloud Computing',
      'write set k= EX ',
    ]);
  });

  it('limits the joined value', () => {
    const driver = new SessionDriver({ replyFormat: 'lab', limits: { maxValueBytes: 4 } });
    expect(driver.line('SET k ab cd')).to.equal('-ERROR\r\n');
    expect(driver.requests).to.deep.equal([]);
  });

  it('answers DEL, EXISTS and DBSIZE with numbers, MSET with OK, MGET with a flat array', () => {
    const driver = lab();
    driver.line('DEL a b');
    expect(driver.answer({ type: 'count', count: 2 })).to.equal(':2\r\n');
    driver.line('EXISTS a');
    expect(driver.answer({ type: 'count', count: 1 })).to.equal(':1\r\n');
    driver.line('DBSIZE');
    expect(driver.answer({ type: 'count', count: 5 })).to.equal(':5\r\n');
    driver.line('MSET a 1 b 2');
    expect(driver.ok()).to.equal('+OK\r\n');
    driver.line('MGET a b');
    const values = [Buffer.from('x y'), null];
    expect(driver.answer({ type: 'values', values })).to.equal('*2\r\n$3\r\nx y\r\n$3\r\nnil\r\n');
  });

  it('S47: answers a DEL that found nothing with zero, not with an error', () => {
    for (const replyFormat of ['lab', 'redis'] as const) {
      const driver = new SessionDriver({ replyFormat });
      driver.line('DEL a b');
      expect(driver.answer({ type: 'count', count: 0 }), replyFormat).to.equal(':0\r\n');
    }
  });

  it('says nothing but ERROR of any failure', () => {
    const driver = lab();
    for (const command of ['NOSUCH x', 'GET', 'MSET a', 'SELECT 9', 'CONFIG NOSUCH', 'HELLO 9']) {
      expect(driver.line(command), command).to.equal('-ERROR\r\n');
    }
    driver.line('SET k v');
    expect(driver.answer({ type: 'error', code: 'UNKNOWN', text: 'x' })).to.equal('-ERROR\r\n');
    expect(driver.send('*abc\r\n')).to.equal('-ERROR\r\n');
    expect(driver.session.closing).to.include({ reason: 'protocol error' });
  });

  it('refuses a value of more words than an array may have', () => {
    const driver = lab();
    driver.line('GET k');
    expect(driver.value(' '.repeat(1_048_576))).to.equal('-ERROR\r\n');
    driver.line('GET k');
    expect(driver.value(' '.repeat(1_048_575))).to.have.length(10 + 1_048_576 * 6);
  });
});

describe('reply format auto', () => {
  it('starts as lab and turns to redis for good at a command that introduces a client', () => {
    const driver = new SessionDriver({ replyFormat: 'auto' });
    driver.line('GET k');
    expect(driver.value(null)).to.equal('*1\r\n$3\r\nnil\r\n');
    driver.line('GET k', 'PING', 'GET k');
    expect(driver.value('Cloud Computing')).to.equal(`${CLOUD}+PONG\r\n`);
    expect(driver.value('Cloud Computing')).to.equal('$15\r\nCloud Computing\r\n');
    expect(driver.line('NOSUCH')).to.match(/^-ERR unknown command/);
    driver.line('SET k v', 'GET k');
    driver.ok();
    expect(driver.value(null)).to.equal('$-1\r\n');
  });

  it('turns at every command but those that graders send', () => {
    const staying = new Set(['set', 'get', 'del', 'mset', 'mget', 'exists', 'dbsize', 'txstatus']);
    for (const { name, introduces } of registry.commands) {
      if (name === 'quit') continue;
      expect(introduces, name).to.equal(!staying.has(name));
    }
  });

  it('turns also when the introducing command is refused', () => {
    const driver = new SessionDriver({ replyFormat: 'auto' });
    expect(driver.line('hello 9')).to.equal('-NOPROTO unsupported protocol version\r\n');
  });

  it('takes further words of SET as options once turned', () => {
    const driver = new SessionDriver({ replyFormat: 'auto' });
    expect(driver.line('PING', 'SET k v NX')).to.equal('+PONG\r\n-ERR syntax error\r\n');
  });
});
