/** One connection: order of replies and of store requests, ends, limits, junk. */
import { expect } from 'chai';
import fc from 'fast-check';
import { SessionDriver } from './session-driver.js';

describe('session', () => {
  it('turns commands into store requests and answers into replies', () => {
    const driver = new SessionDriver();
    expect(driver.line('set k v')).to.equal('');
    expect(driver.ok()).to.equal('+OK\r\n');
    driver.line('GET k');
    expect(driver.value('v')).to.equal('$1\r\nv\r\n');
    driver.line('GET k');
    expect(driver.value(null)).to.equal('$-1\r\n');
    driver.line('DEL k l');
    expect(driver.answer({ type: 'count', count: 1 })).to.equal(':1\r\n');
    driver.line('MSET a 1 b 2');
    expect(driver.ok()).to.equal('+OK\r\n');
    driver.line('MGET a b');
    const values = [Buffer.from('1'), null];
    expect(driver.answer({ type: 'values', values })).to.equal('*2\r\n$1\r\n1\r\n$-1\r\n');
    driver.line('EXISTS a a');
    expect(driver.answer({ type: 'count', count: 2 })).to.equal(':2\r\n');
    driver.line('DBSIZE');
    expect(driver.answer({ type: 'count', count: 9 })).to.equal(':9\r\n');
    driver.line('TXSTATUS 3:17');
    expect(driver.answer({ type: 'status', status: 'committed' })).to.equal('+committed\r\n');
    expect(driver.requests).to.deep.equal([
      'write set k=v',
      'read get k',
      'read get k',
      'write del k l',
      'write set a=1 b=2',
      'read get a b',
      'read exists a a',
      'read size',
      'txstatus 3:17',
    ]);
  });

  it('keeps the order of replies, whatever the store answers first', () => {
    const driver = new SessionDriver();
    expect(driver.line('GET a', 'PING', 'GET b', 'PING x')).to.equal('');
    const second = [Buffer.from('B')];
    expect(driver.answerAt(1, { type: 'values', values: second })).to.equal('');
    const first = [Buffer.from('A')];
    expect(driver.answerAt(0, { type: 'values', values: first })).to.equal(
      '$1\r\nA\r\n+PONG\r\n$1\r\nB\r\n$1\r\nx\r\n',
    );
  });

  it('H15: a read leaves after the answers to earlier writes, a write after those to reads', () => {
    const driver = new SessionDriver();
    driver.line('SET k 1', 'SET k 2', 'GET k', 'GET k', 'SET k 3', 'GET k');
    expect(driver.requests).to.deep.equal(['write set k=1', 'write set k=2']);
    driver.ok();
    expect(driver.requests).to.have.length(2);
    driver.ok();
    expect(driver.requests.slice(2)).to.deep.equal(['read get k', 'read get k']);
    driver.value('2');
    expect(driver.requests).to.have.length(4);
    driver.value('2');
    expect(driver.requests.slice(4)).to.deep.equal(['write set k=3']);
    driver.ok();
    expect(driver.requests.slice(5)).to.deep.equal(['read get k']);
  });

  it('hands on errors of the store with their code', () => {
    const driver = new SessionDriver();
    driver.line('SET k v');
    const text = 'the outcome of 3:17 is not known\r\n+OK';
    expect(driver.answer({ type: 'error', code: 'UNKNOWN', text })).to.equal(
      '-UNKNOWN the outcome of 3:17 is not known  +OK\r\n',
    );
  });

  it('executes nothing behind QUIT and closes when everything before it is answered', () => {
    const driver = new SessionDriver();
    expect(driver.line('SET k v', 'QUIT now', 'SET k w')).to.equal('');
    expect(driver.session.closing).to.equal(null);
    expect(driver.session.wantsRead).to.equal(false);
    expect(driver.ok()).to.equal('+OK\r\n+OK\r\n');
    expect(driver.session.closing).to.include({ reason: 'quit', flush: true });
    expect(driver.line('PING')).to.equal('');
    expect(driver.requests).to.have.length(1);
  });

  it('answers a protocol error behind the earlier replies and ignores the rest', () => {
    const driver = new SessionDriver();
    expect(driver.send('GET k\r\n*1\r\nfoo\r\nPING\r\n')).to.equal('');
    expect(driver.session.closing).to.equal(null);
    expect(driver.value('v')).to.equal("$1\r\nv\r\n-ERR Protocol error: expected '$', got 'f'\r\n");
    expect(driver.session.closing).to.include({ reason: 'protocol error', flush: true });
    expect(driver.line('PING')).to.equal('');
  });

  it('answers everything to a client that closed its side, and drops half a request', () => {
    const driver = new SessionDriver();
    expect(driver.send('PING\r\nGET k\r\nSET k v\r\n*1\r\n$4\r\nPI')).to.equal('+PONG\r\n');
    driver.session.ended();
    expect(driver.session.closing).to.equal(null);
    expect(driver.value('v')).to.equal('$1\r\nv\r\n');
    expect(driver.session.closing).to.equal(null);
    expect(driver.ok()).to.equal('+OK\r\n');
    expect(driver.session.closing).to.include({ reason: 'client closed', flush: true });
  });

  it('closes at once, without a word, on HTTP', () => {
    for (const input of ['GET / HTTP/1.1\r\nHost: x\r\n', 'POST / HTTP/1.1\r\n']) {
      const driver = new SessionDriver();
      driver.send(input);
      expect(driver.session.closing).to.include({ reason: 'http', flush: false });
    }
  });

  it('when told to stop, answers what is under way and executes nothing more', () => {
    const driver = new SessionDriver();
    driver.line('SET k v');
    driver.session.stop();
    expect(driver.line('PING')).to.equal('');
    expect(driver.session.closing).to.equal(null);
    expect(driver.ok()).to.equal('+OK\r\n');
    expect(driver.session.closing).to.include({ reason: 'server stops' });
  });

  it('on a participant names the coordinator, and answers everything else', () => {
    const driver = new SessionDriver({ role: 'participant' });
    const refusal =
      '-ERR this is a participant; send commands to the coordinator at 127.0.0.1:8001\r\n';
    for (const command of ['GET k', 'SET k v', 'DEL k', 'DBSIZE', 'MGET k', 'TXSTATUS 1:1']) {
      expect(driver.line(command), command).to.equal(refusal);
    }
    expect(driver.line('PING')).to.equal('+PONG\r\n');
    expect(driver.line('INFO a b')).to.equal('$22\r\n# Test\r\nsections:a,b\r\n\r\n');
    expect(driver.requests).to.deep.equal([]);
  });

  it('counts commands', () => {
    const driver = new SessionDriver();
    driver.line('PING', 'GET', 'SELECT 9', 'NOSUCH', 'CONFIG GET x', 'SET k v');
    driver.answer({ type: 'error', code: 'ERR', text: 'x' });
    expect(driver.statistics.rows()).to.deep.equal([
      ['config|get', { calls: 1, failed: 0, rejected: 0 }],
      ['get', { calls: 0, failed: 0, rejected: 1 }],
      ['ping', { calls: 1, failed: 0, rejected: 0 }],
      ['select', { calls: 1, failed: 1, rejected: 0 }],
      ['set', { calls: 1, failed: 1, rejected: 0 }],
    ]);
    expect(driver.statistics.total).to.equal(4);
  });

  it('takes a reply to a token once', () => {
    const driver = new SessionDriver();
    driver.line('SET k v');
    driver.ok();
    expect(() => driver.answerAt(0, { type: 'ok' })).to.throw('once');
  });

  it('survives junk: every input ends in waiting, or in a reply and a close', () => {
    const word = fc.constantFrom(
      ...[
        'SET',
        'GET',
        'HELLO',
        '3',
        'QUIT',
        'CLIENT',
        'REPLY',
        'OFF',
        '\0',
        '"',
        'AUTH',
        'COMMAND',
      ],
      ...['INFO', '\r\n', '*1\r\n', '$4\r\n', '*-1\r\n', '$-1\r\n', 'k', ' ', '\xff', 'RESET'],
    );
    const format = fc.constantFrom('redis', 'lab', 'auto');
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), format, (words, replyFormat) => {
        const driver = new SessionDriver({ replyFormat });
        const output = driver.send(words.join(''));
        const { closing } = driver.session;
        const reason = closing?.reason ?? 'open';
        expect(reason).to.be.oneOf(['open', 'quit', 'protocol error']);
        if (reason === 'protocol error' && !words.includes('OFF')) {
          expect(output).to.match(/-ERROR\r\n$|-ERR Protocol error: .*\r\n$/);
        }
        if (reason === 'open')
          expect(driver.session.inFlight > 0 || driver.session.wantsRead).to.be.true;
      }),
      { numRuns: 500 },
    );
  });
});

describe('session limits', () => {
  it('refuses long keys and values before anything leaves, and goes on', () => {
    const driver = new SessionDriver({ limits: { maxKeyBytes: 3, maxValueBytes: 5 } });
    const longKey = '-ERR key exceeds the limit of 3 bytes (max_key_bytes)\r\n';
    const longValue = '-ERR value exceeds the limit of 5 bytes (max_value_bytes)\r\n';
    for (const command of ['SET keys v', 'GET keys', 'DEL a keys', 'MGET a keys', 'EXISTS keys']) {
      expect(driver.line(command), command).to.equal(longKey);
    }
    expect(driver.line('MSET a 1 keys 2')).to.equal(longKey);
    expect(driver.line('SET key valuev')).to.equal(longValue);
    expect(driver.send('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$6\r\nvaluev\r\n')).to.equal(longValue);
    expect(driver.requests).to.deep.equal([]);
    expect(
      driver.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$70000\r\n${'v'.repeat(70_000)}\r\n`),
    ).to.equal(longValue);
    driver.line('SET key value');
    expect(driver.requests).to.deep.equal(['write set key=value']);
  });

  it('refuses requests of too many bytes or arguments, and goes on', () => {
    const driver = new SessionDriver({ limits: { maxRequestBytes: 400, maxRequestArgs: 4 } });
    expect(driver.line('MGET a b c d')).to.equal(
      '-ERR request exceeds the limit of 4 arguments (max_request_args)\r\n',
    );
    expect(driver.line(`SET k ${'v'.repeat(300)}`)).to.equal(
      '-ERR request exceeds the limit of 400 bytes (max_request_bytes)\r\n',
    );
    expect(driver.line('PING')).to.equal('+PONG\r\n');
  });

  it('executes no more than so many requests at a time', () => {
    const driver = new SessionDriver({ limits: { maxInFlight: 3 } });
    driver.line(...Array.from({ length: 10 }, (_, at) => `SET k ${at}`));
    expect(driver.requests).to.have.length(3);
    driver.ok();
    expect(driver.requests).to.have.length(4);
    expect(driver.session.wantsRead).to.equal(true);
    driver.send(Buffer.alloc(300_000, 'PING\r\n'));
    expect(driver.session.wantsRead).to.equal(false);
  });

  it('executes no more than so many bytes of requests at a time, but always one', () => {
    const driver = new SessionDriver({ limits: { maxInFlightBytes: 1000 } });
    driver.line(...Array.from({ length: 5 }, () => `SET k ${'v'.repeat(2000)}`));
    expect(driver.requests).to.have.length(1);
    driver.ok();
    expect(driver.requests).to.have.length(2);
  });

  it('reads nothing more from a client that does not take its replies', () => {
    const driver = new SessionDriver({ limits: { maxReplyBytes: 1000 } });
    driver.session.noteUnsent(1001);
    expect(driver.session.wantsRead).to.equal(false);
    expect(driver.line('PING')).to.equal('');
    driver.session.noteUnsent(1000);
    expect(driver.output()).to.equal('+PONG\r\n');
    expect(driver.session.wantsRead).to.equal(true);
  });

  it('answers a bounded part of a flood in one turn, also to one that wants no replies', () => {
    for (const silence of ['', 'CLIENT REPLY OFF']) {
      const driver = new SessionDriver();
      driver.line(silence, ...Array.from({ length: 1000 }, () => `ECHO ${'x'.repeat(1000)}`));
      driver.session.ended();
      let turns = 1;
      for (; driver.session.closing === null; turns += 1) {
        expect(driver.session.wantsTurn).to.equal(true);
        const called = driver.statistics.total;
        driver.session.noteUnsent(0);
        expect(driver.statistics.total).to.equal(called);
        driver.session.beginTurn();
        expect(driver.statistics.total - called).to.be.at.most(17);
      }
      expect(driver.statistics.total).to.equal(1000 + (silence === '' ? 0 : 1));
      expect(turns).to.be.at.least(1000 / 17);
    }
  });

  it('closes for a client that closed its side before it had taken its replies', () => {
    const driver = new SessionDriver({ limits: { maxReplyBytes: 1000 } });
    driver.session.noteUnsent(1001);
    driver.session.ended();
    expect(driver.session.closing).to.equal(null);
    driver.session.noteUnsent(0);
    expect(driver.session.closing?.reason).to.equal('client closed');
  });

  it('has few reads of large values under way, and many of small ones', () => {
    const driver = new SessionDriver({ limits: { maxReplyBytes: 100_000 } });
    driver.line(...Array.from({ length: 100 }, () => 'GET k'));
    expect(driver.requests).to.have.length(16);
    driver.value('v'.repeat(50_000));
    for (let count = 0; count < 15; count += 1) driver.value('v'.repeat(50_000));
    expect(driver.requests).to.have.length(16 + 1);
    for (let count = 0; count < 20; count += 1) driver.value('v');
    expect(driver.session.inFlight).to.be.above(50);
  });
});
