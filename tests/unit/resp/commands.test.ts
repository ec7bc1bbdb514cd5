/** What clients need to connect and look around, byte for byte. */
import { expect } from 'chai';
import { SessionDriver, type DriverOptions } from './session-driver.js';

/** A conversation: each command with what is answered. */
function talk(
  exchanges: readonly (readonly [command: string, reply: string])[],
  options: DriverOptions = {},
): void {
  const driver = new SessionDriver(options);
  for (const [command, reply] of exchanges) expect(driver.line(command), command).to.equal(reply);
}

const HELLO_2 =
  '*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:2\r\n' +
  '$2\r\nid\r\n:7\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n' +
  '$7\r\nmodules\r\n*0\r\n';
const HELLO_3 = HELLO_2.replace('*14', '%7').replace(':2', ':3');
const WRONG_PASS = '-WRONGPASS invalid username-password pair or user is disabled.\r\n';
const NO_AUTH = '-NOAUTH Authentication required.\r\n';
const BAD_NAME = '-ERR Client names cannot contain spaces, newlines or special characters.\r\n';

describe('commands', () => {
  it('connection commands', () =>
    talk([
      ['ping', '+PONG\r\n'],
      ['PiNg hi', '$2\r\nhi\r\n'],
      ['ECHO "\\x00\\r\\n"', '$3\r\n\0\r\n\r\n'],
      ['SELECT 0', '+OK\r\n'],
      ['SELECT 16', '-ERR DB index is out of range\r\n'],
      ['SELECT -1', '-ERR DB index is out of range\r\n'],
      ['SELECT abc', '-ERR value is not an integer or out of range\r\n'],
      ['TIME', '*2\r\n$10\r\n1700000000\r\n$3\r\n123\r\n'],
      ['RESET', '+RESET\r\n'],
      ['QUIT', '+OK\r\n'],
    ]));

  it('HELLO', () =>
    talk([
      ['HELLO', HELLO_2],
      ['HELLO 2', HELLO_2],
      ['hello 3', HELLO_3],
      ['HELLO', HELLO_3],
      ['HELLO 3 AUTH default anything', HELLO_3],
      ['HELLO 3 AUTH other x', WRONG_PASS],
      ['HELLO 3 SETNAME nm', HELLO_3],
      ['CLIENT GETNAME', '$2\r\nnm\r\n'],
      ['HELLO 1', '-NOPROTO unsupported protocol version\r\n'],
      ['HELLO 4', '-NOPROTO unsupported protocol version\r\n'],
      ['HELLO abc', '-ERR Protocol version is not an integer or out of range\r\n'],
      ['HELLO 3 FOO', "-ERR Syntax error in HELLO option 'FOO'\r\n"],
      ['HELLO 3 SETNAME "a b"', BAD_NAME],
      ['HELLO 2', HELLO_2],
    ]));

  it('RESP3: nulls, maps, verbatim strings, and back again by RESET', () => {
    const driver = new SessionDriver();
    driver.line('HELLO 3', 'GET k');
    expect(driver.value(null)).to.equal('_\r\n');
    expect(driver.line('CONFIG GET max_keys')).to.equal('%1\r\n$8\r\nmax_keys\r\n$1\r\n5\r\n');
    expect(driver.line('INFO')).to.equal('=23\r\ntxt:# Test\r\nsections:\r\n\r\n');
    expect(driver.line('CLIENT GETNAME')).to.equal('_\r\n');
    expect(driver.line('RESET', 'CLIENT GETNAME')).to.equal('+RESET\r\n$-1\r\n');
  });

  it('a reply speaks the protocol of the time of its request', () => {
    const driver = new SessionDriver();
    driver.line('GET k', 'HELLO 3', 'GET k');
    expect(driver.value(null)).to.equal(`$-1\r\n${HELLO_3}`);
    expect(driver.value(null)).to.equal('_\r\n');
  });

  it('AUTH without a password configured', () =>
    talk([
      [
        'AUTH x',
        '-ERR AUTH <password> called without any password configured for the default user. ' +
          'Are you sure your configuration is correct?\r\n',
      ],
      ['AUTH default anything', '+OK\r\n'],
      ['AUTH u p', WRONG_PASS],
      ['AUTH a b c', '-ERR syntax error\r\n'],
      ['AUTH', "-ERR wrong number of arguments for 'auth' command\r\n"],
    ]));

  it('requirepass', () => {
    const helloRefused =
      '-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO ' +
      'AUTH <user> <pass> option can be used to authenticate the client and select the RESP ' +
      'protocol version at the same time\r\n';
    const options = { requirepass: 'pässword' };
    talk(
      [
        ['GET k', NO_AUTH],
        ['PING', NO_AUTH],
        ['NOSUCH', "-ERR unknown command 'NOSUCH', with args beginning with: \r\n"],
        ['GET', "-ERR wrong number of arguments for 'get' command\r\n"],
        ['HELLO 3', helloRefused],
        ['HELLO 3 AUTH default wrong', WRONG_PASS],
        ['AUTH wrong', WRONG_PASS],
        ['AUTH other pässword', WRONG_PASS],
        ['AUTH default', WRONG_PASS],
      ],
      options,
    );
    for (const command of ['AUTH pässword', 'AUTH default pässword']) {
      const driver = new SessionDriver(options);
      expect(driver.send(Buffer.from(`${command}\r\n`))).to.equal('+OK\r\n');
      expect(driver.line('PING', 'RESET', 'PING')).to.equal(`+PONG\r\n+RESET\r\n${NO_AUTH}`);
    }
    const driver = new SessionDriver(options);
    expect(driver.send(Buffer.from('HELLO 3 AUTH default pässword\r\n'))).to.equal(HELLO_3);
    expect(new SessionDriver(options).line('QUIT')).to.equal('+OK\r\n');
  });

  it('keeps a client short until it has authenticated', () => {
    const eleven = `*11\r\n$4\r\nMGET\r\n${'$1\r\nk\r\n'.repeat(10)}`;
    const refused = '-ERR Protocol error: unauthenticated multibulk length\r\n';
    expect(new SessionDriver({ requirepass: 'p' }).send(eleven)).to.equal(refused);
    const driver = new SessionDriver({ requirepass: 'p' });
    expect(driver.send(`AUTH p\r\n${eleven}`)).to.equal('+OK\r\n');
    expect(driver.requests).to.have.length(1);
  });

  it('CLIENT', () =>
    talk([
      ['CLIENT ID', ':7\r\n'],
      ['CLIENT GETNAME', '$-1\r\n'],
      ['CLIENT SETNAME conn', '+OK\r\n'],
      ['CLIENT GETNAME', '$4\r\nconn\r\n'],
      ['CLIENT SETNAME "a b"', BAD_NAME],
      ['client SETINFO LIB-NAME ioredis', '+OK\r\n'],
      ['client setinfo lib-ver 6.0.0', '+OK\r\n'],
      [
        'CLIENT SETINFO LIB-NAME "a b"',
        '-ERR lib-name cannot contain spaces, newlines or special characters.\r\n',
      ],
      ['CLIENT SETINFO FOO x', "-ERR Unrecognized option 'FOO'\r\n"],
      ['CLIENT NO-EVICT on', '+OK\r\n'],
      ['CLIENT NO-TOUCH off', '+OK\r\n'],
      ['CLIENT NO-EVICT maybe', '-ERR syntax error\r\n'],
      [
        'CLIENT MAINT_NOTIFICATIONS ON moving-endpoint-type external-ip',
        '-ERR maintenance notifications are not supported by this server\r\n',
      ],
      ['CLIENT FOO', "-ERR unknown subcommand 'FOO'. Try CLIENT HELP.\r\n"],
      ['CLIENT', "-ERR wrong number of arguments for 'client' command\r\n"],
      ['CLIENT ID x', "-ERR wrong number of arguments for 'client|id' command\r\n"],
    ]));

  it('CLIENT LIST and INFO', () => {
    const driver = new SessionDriver();
    driver.line('CLIENT SETNAME nm', 'CLIENT SETINFO LIB-NAME lib');
    const line =
      'id=7 addr=10.0.0.1:4000 laddr=10.0.0.2:8001 fd=-1 name=nm age=2 idle=1 flags=N db=0 sub=0 ' +
      'psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 ' +
      'omem=0 tot-mem=0 events=r cmd=client|list user=default redir=-1 resp=2 lib-name=lib lib-ver=\n';
    expect(driver.line('CLIENT LIST')).to.equal(`$${line.length}\r\n${line}\r\n`);
    expect(driver.line('CLIENT INFO')).to.contain('cmd=client|info');
  });

  it('CLIENT REPLY', () => {
    const driver = new SessionDriver();
    expect(driver.line('CLIENT REPLY SKIP', 'PING', 'PING')).to.equal('+PONG\r\n');
    expect(driver.line('CLIENT REPLY OFF', 'PING', 'NOSUCH', 'SET k v')).to.equal('');
    expect(driver.ok()).to.equal('');
    expect(driver.line('CLIENT REPLY ON', 'PING')).to.equal('+OK\r\n+PONG\r\n');
    driver.line('CLIENT REPLY SKIP', 'SET k v', 'SET k w');
    expect(driver.ok()).to.equal('');
    expect(driver.ok()).to.equal('+OK\r\n');
    expect(driver.line('CLIENT REPLY what')).to.equal('-ERR syntax error\r\n');
  });

  it('CONFIG GET', () =>
    talk([
      ['CONFIG GET save', '*2\r\n$4\r\nsave\r\n$0\r\n\r\n'],
      ['CONFIG GET appendonly', '*2\r\n$10\r\nappendonly\r\n$3\r\nyes\r\n'],
      ['CONFIG GET MAX_k*', '*2\r\n$8\r\nmax_keys\r\n$1\r\n5\r\n'],
      ['CONFIG GET nonesuch', '*0\r\n'],
      ['CONFIG SET a b', "-ERR unknown subcommand 'SET'. Try CONFIG HELP.\r\n"],
      ['CONFIG GET', "-ERR wrong number of arguments for 'config|get' command\r\n"],
      ['CONFIG', "-ERR wrong number of arguments for 'config' command\r\n"],
    ]));

  it('COMMAND', () => {
    const driver = new SessionDriver();
    const exchanges: readonly (readonly [string, string])[] = [
      ['COMMAND COUNT', ':20\r\n'],
      ['COMMAND DOCS nope', '*0\r\n'],
      ['COMMAND INFO nope', '*1\r\n$-1\r\n'],
      ['COMMAND GETKEYS set a b', '*1\r\n$1\r\na\r\n'],
      ['COMMAND GETKEYS mset a 1 b 2', '*2\r\n$1\r\na\r\n$1\r\nb\r\n'],
      ['COMMAND GETKEYS del a b', '*2\r\n$1\r\na\r\n$1\r\nb\r\n'],
      ['COMMAND GETKEYS nope a', '-ERR Invalid command specified\r\n'],
      ['COMMAND GETKEYS get a b', '-ERR Invalid number of arguments specified for command\r\n'],
      ['COMMAND GETKEYS ping x', '-ERR The command has no key arguments\r\n'],
      ['COMMAND GETKEYS get', "-ERR wrong number of arguments for 'command|getkeys' command\r\n"],
      ['COMMAND FOO', "-ERR unknown subcommand 'FOO'. Try COMMAND HELP.\r\n"],
      [
        'COMMAND INFO get',
        '*1\r\n*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n' +
          '*1\r\n+@string\r\n*0\r\n*0\r\n*0\r\n',
      ],
      [
        'COMMAND DOCS get',
        '*2\r\n$3\r\nget\r\n*6\r\n$7\r\nsummary\r\n$22\r\nGet the value of a key\r\n' +
          '$5\r\nsince\r\n$5\r\n1.0.0\r\n$5\r\ngroup\r\n$6\r\nstring\r\n',
      ],
    ];
    for (const [command, reply] of exchanges) expect(driver.line(command), command).to.equal(reply);
    expect(driver.line('COMMAND')).to.match(/^\*20\r\n\*10\r\n/);
    expect(driver.line('COMMAND LIST')).to.match(/^\*20\r\n\$3\r\nset\r\n/);
    expect(driver.line('COMMAND DOCS')).to.match(/^\*40\r\n/);
    expect(driver.line('COMMAND HELP')).to.contain('+COMMAND COUNT\r\n');
    expect(driver.line('CLIENT HELP')).to.contain('+CLIENT ID\r\n');
  });

  it('unknown commands', () => {
    const long = 'x'.repeat(200);
    talk([
      ['FOO bar baz', "-ERR unknown command 'FOO', with args beginning with: 'bar' 'baz' \r\n"],
      ['""', "-ERR unknown command '', with args beginning with: \r\n"],
      ['"a\\r\\nb" "c\\nd"', "-ERR unknown command 'a  b', with args beginning with: 'c d' \r\n"],
      ['"a\\x00b"', "-ERR unknown command 'a', with args beginning with: \r\n"],
      ['\xff', "-ERR unknown command '\xff', with args beginning with: \r\n"],
      [long, `-ERR unknown command '${long.slice(0, 128)}', with args beginning with: \r\n`],
      [
        `F ${long} b`,
        `-ERR unknown command 'F', with args beginning with: '${long.slice(0, 128)}' \r\n`,
      ],
      [
        `F ${'a'.repeat(100)} ${'b'.repeat(100)} c`,
        `-ERR unknown command 'F', with args beginning with: '${'a'.repeat(100)}' '${'b'.repeat(25)}' \r\n`,
      ],
    ]);
  });

  it('wrong numbers of arguments, and options of SET', () =>
    talk([
      ['GET', "-ERR wrong number of arguments for 'get' command\r\n"],
      ['gEt a b', "-ERR wrong number of arguments for 'get' command\r\n"],
      ['SET k', "-ERR wrong number of arguments for 'set' command\r\n"],
      ['MSET a 1 b', "-ERR wrong number of arguments for 'mset' command\r\n"],
      ['PING a b', "-ERR wrong number of arguments for 'ping' command\r\n"],
      ['SET k v NX', '-ERR syntax error\r\n'],
      ['SET k v EX 10', '-ERR syntax error\r\n'],
      ['TXSTATUS 17', '-ERR invalid transaction id, expected EPOCH:TXID\r\n'],
    ]));
});
