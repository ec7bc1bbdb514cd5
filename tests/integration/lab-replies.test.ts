/**
 * A coordinator whose file holds the three keys only: the bytes that course graders compare, and
 * the turn to Redis's own replies once a client introduces itself.
 */
import { expect } from 'chai';
import { request } from '../helpers/one-shot.js';
import { type Cluster, makeCluster } from '../helpers/processes.js';
import type { RespConnection } from '../helpers/resp-connection.js';

/** The one client that is let in, once the server has noticed that the one before it has gone. */
async function accepted(cluster: Cluster): Promise<RespConnection> {
  for (;;) {
    const connection = await cluster.connection();
    const reply = await connection.command('DBSIZE').catch(() => null);
    if (reply === 0) return connection;
    connection.close();
  }
}

describe('replies of a course configuration', function () {
  this.timeout(20_000);
  let cluster: Cluster;

  before(async () => {
    cluster = await makeCluster({
      participants: 1,
      settings: { reply_format: undefined },
      shared: true,
    });
    await cluster.start();
  });
  after(() => cluster.end());

  async function ask(...commands: readonly string[][]): Promise<string> {
    const bytes = Buffer.concat(commands.map((words) => request(...words)));
    return (await cluster.raw(bytes, { halfClose: true })).toString('latin1');
  }

  const cases: readonly [string, readonly string[][], string][] = [
    ['+OK for a SET', [['SET', 'CS06142', 'Cloud', 'Computing']], '+OK\r\n'],
    ['the words of a value', [['GET', 'CS06142']], '*2\r\n$5\r\nCloud\r\n$9\r\nComputing\r\n'],
    ['nil for no value', [['GET', 'absent']], '*1\r\n$3\r\nnil\r\n'],
    [
      'empty words between two spaces',
      [
        ['SET', 's', 'a  b'],
        ['GET', 's'],
      ],
      '+OK\r\n*3\r\n$1\r\na\r\n$0\r\n\r\n$1\r\nb\r\n',
    ],
    [
      'the empty value',
      [
        ['SET', 'e', ''],
        ['GET', 'e'],
      ],
      '+OK\r\n*1\r\n$0\r\n\r\n',
    ],
    [
      'a flat array for MGET',
      [['MGET', 'CS06142', 'absent']],
      '*2\r\n$15\r\nCloud Computing\r\n$3\r\nnil\r\n',
    ],
    ['counts', [['EXISTS', 's', 'e'], ['DBSIZE'], ['DEL', 's', 'e', 'x']], ':2\r\n:3\r\n:2\r\n'],
    ['-ERROR for any failure', [['NONSENSE'], ['GET']], '-ERROR\r\n-ERROR\r\n'],
    ['command names in any case', [['gEt', 'absent']], '*1\r\n$3\r\nnil\r\n'],
  ];
  for (const [what, commands, expected] of cases) {
    it(`answers ${what}`, async () => {
      expect(await ask(...commands)).to.equal(expected);
    });
  }

  it('answers -ERROR to a protocol error and closes', async () => {
    const reply = await cluster.raw('*1\r\n:5\r\n', { idleMs: 5000 });
    expect(reply.toString()).to.equal('-ERROR\r\n');
  });

  it('answers -ERROR to a client too many', async () => {
    const settings = { reply_format: undefined, max_clients: 1 };
    const small = await makeCluster({ participants: 1, settings });
    await small.start();
    const first = await accepted(small);
    expect((await small.raw('')).toString()).to.equal('-ERROR\r\n');
    expect(await first.command('DBSIZE')).to.equal(0);
    first.close();
  });

  it('turns to Redis replies for good at the first command that only Redis clients send', async () => {
    const reply = await ask(['GET', 'absent'], ['PING'], ['GET', 'absent'], ['NONSENSE']);
    expect(reply).to.match(/^\*1\r\n\$3\r\nnil\r\n\+PONG\r\n\$-1\r\n-ERR unknown command/);
  });

  it('serves ioredis on the same file', async () => {
    const client = cluster.client();
    await client.set('io', 'two words');
    expect(await client.get('io')).to.equal('two words');
  });
});
