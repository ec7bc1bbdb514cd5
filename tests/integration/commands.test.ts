/**
 * What clients see of a healthy cluster, through the clients that people use: ioredis with its
 * defaults, redis-cli and nc.
 */
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { oneShot, request } from '../helpers/one-shot.js';
import { type Cluster, makeCluster } from '../helpers/processes.js';
import { run } from '../helpers/run-program.js';
import { needs } from '../helpers/tools.js';

const BIG_VALUE_BYTES = 10 * 1024 * 1024;

describe('commands through real clients', function () {
  this.timeout(20_000);
  let cluster: Cluster;
  let port: string;

  before(async () => {
    cluster = await makeCluster({ shared: true });
    await cluster.start();
    port = String(cluster.coordinator.port);
  });
  after(() => cluster.end());

  it('sets, gets, counts and deletes through ioredis with its defaults', async () => {
    const client = cluster.client();
    expect(await client.set('a', 'one')).to.equal('OK');
    expect(await client.get('a')).to.equal('one');
    expect(await client.get('absent')).to.equal(null);
    expect(await client.mset('b', '2', 'c', '3')).to.equal('OK');
    expect(await client.mget('a', 'absent', 'c')).to.deep.equal(['one', null, '3']);
    expect(await client.exists('a', 'a', 'absent')).to.equal(2);
    expect(await client.dbsize()).to.equal(3);
    expect(await client.del('a', 'b', 'c', 'absent')).to.equal(3);
    expect(await client.dbsize()).to.equal(0);
  });

  it('serves a client that speaks RESP2', async () => {
    const client = new Redis({ port: cluster.coordinator.port, protocol: 2 });
    try {
      await client.set('resp2', 'v');
      expect(await client.get('resp2')).to.equal('v');
      expect(await client.get('absent')).to.equal(null);
    } finally {
      client.disconnect();
    }
  });

  it('keeps 10 MB with newlines and zero bytes byte for byte', async () => {
    const value = randomBytes(BIG_VALUE_BYTES);
    value.write('\r\n\0\r\n\0\0$3\r\n', 1000, 'latin1');
    const client = cluster.client();
    expect(await client.set('big', value)).to.equal('OK');
    const read = await client.getBuffer('big');
    expect(read?.equals(value)).to.equal(true);
    expect(await client.del('big')).to.equal(1);
  });

  it('keeps keys with zero bytes, line ends and any other byte', async () => {
    const client = cluster.client();
    const key = Buffer.from([0, 13, 10, 255, 32, 34]);
    await client.set(key, 'odd');
    expect(await client.get(key)).to.equal('odd');
    expect(await client.del(key)).to.equal(1);
  });

  it('keeps the empty value apart from none', async () => {
    const client = cluster.client();
    await client.set('empty', '');
    expect(await client.get('empty')).to.equal('');
    expect(await client.exists('empty')).to.equal(1);
  });

  it('answers a long pipeline in order', async () => {
    const client = cluster.client();
    const pipeline = client.pipeline();
    for (let n = 0; n < 500; n += 1) pipeline.set('p', String(n)).get('p');
    const replies = await pipeline.exec();
    const values = replies?.filter((_reply, index) => index % 2 === 1).map(([, value]) => value);
    expect(values).to.deep.equal(Array.from({ length: 500 }, (_none, n) => String(n)));
  });

  it('tells what became of a transaction', async () => {
    const client = cluster.client();
    await client.set('t', 'v');
    const info = await cluster.info();
    const epoch = info.fields['epoch'] ?? '';
    const txid = Number(info.fields['decided_txid']);
    expect(await client.call('TXSTATUS', `${epoch}:${txid}`)).to.equal('committed');
    expect(await client.call('TXSTATUS', `${epoch}:${txid + 1000}`)).to.equal('forgotten');
  });

  it('says in INFO who is in the view and what was done', async () => {
    const { fields, participants } = await cluster.info();
    expect(fields['state']).to.equal('serving');
    expect(fields['view_size']).to.equal('3');
    expect(fields['participants_configured']).to.equal('3');
    expect(participants.map(({ address }) => address)).to.deep.equal(
      cluster.participants.map(({ address }) => address),
    );
    expect(Number(fields['commits'])).to.be.greaterThan(0);
  });

  it('names the coordinator to a client that asks a participant', async () => {
    const { host, port: own } = cluster.participant(2);
    const reply = await oneShot(host, own, request('GET', 'a'), {
      until: (bytes) => bytes.includes('\r\n'),
    });
    expect(reply.toString()).to.match(/^-/).and.to.include(cluster.coordinator.address);
  });

  it('does SET, GET and DEL through redis-cli', async function () {
    needs('redis-cli', this);
    const said = async (...words: string[]): Promise<string> =>
      (await run('redis-cli', ['-p', port, ...words])).stdout;
    expect(await said('SET', 'k', 'v')).to.equal('OK\n');
    expect(await said('GET', 'k')).to.equal('v\n');
    expect(await said('-3', 'GET', 'k')).to.equal('v\n');
    expect(await said('DEL', 'k')).to.equal('1\n');
    expect(await said('GET', 'k')).to.equal('\n');
    expect(await said('INFO')).to.include('# Cluster');
  });

  it('takes a file of commands through redis-cli --pipe', async function () {
    needs('redis-cli', this);
    const input = Array.from({ length: 1000 }, (_none, n) => `SET pipe${n} ${n}\r\n`).join('');
    const { stdout } = await run('redis-cli', ['-p', port, '--pipe'], { input });
    expect(stdout).to.include('errors: 0, replies: 1000');
  });

  it('answers everything to a client that closes its write side, as nc -N does', async function () {
    needs('nc', this);
    const input = Buffer.concat([request('SET', 'n', '1'), request('GET', 'n')]);
    const { stdout } = await run('nc', ['-N', '-w', '3', '127.0.0.1', port], { input });
    expect(stdout).to.equal('+OK\r\n$1\r\n1\r\n');
  });

  it('runs redis-benchmark without an error', async function () {
    needs('redis-benchmark', this);
    const words = ['-p', port, '-q', '-n', '2000', '-r', '1000', '-t', 'set,get,mset', '-P', '8'];
    const { code, stdout, stderr } = await run('redis-benchmark', words, { timeoutMs: 20_000 });
    expect(`${stdout}${stderr}`).not.to.match(/error/i);
    expect(code).to.equal(0);
  });
});
