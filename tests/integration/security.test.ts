/**
 * Who may talk to whom: passwords of clients, the secret of a cluster, participants of another
 * cluster, a second coordinator; and logs for machines.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type ClusterInfo, isServing, isWhole, stateOf } from '../helpers/cluster-info.js';
import { ask, editConfig } from '../helpers/data-folders.js';
import { type Cluster, makeCluster } from '../helpers/processes.js';
import { runConfig } from '../helpers/run-program.js';

const SETTINGS = { heartbeat_interval: '100ms', failure_timeout: '500ms', recovery_wait: '900ms' };
const PASSWORD = 'open-sesame-4711';
const SECRET = 'cluster-secret-0815';
const WRONG_SECRET = 'another-secret-9999';

describe('a cluster with a password and a secret', function () {
  this.timeout(30_000);
  let cluster: Cluster;

  before(async () => {
    const settings = { ...SETTINGS, requirepass: PASSWORD, cluster_secret: SECRET };
    cluster = await makeCluster({ shared: true, settings, participants: 2 });
    await cluster.start();
  });
  after(() => cluster.end());

  it('serves clients that know the password, and nobody else', async () => {
    const connection = await cluster.connection();
    const refused = await connection.command('SET', 'k', 'v');
    expect(String(refused)).to.include('NOAUTH');
    expect(String(await connection.command('INFO'))).to.include('NOAUTH');
    expect(String(await connection.command('AUTH', 'wrong'))).to.include('WRONGPASS');
    expect(String(await connection.command('GET', 'k'))).to.include('NOAUTH');
    expect(String(await connection.command('AUTH', PASSWORD))).to.equal('OK');
    expect(await connection.command('GET', 'k'), 'nothing was written').to.equal(null);
    connection.close();
    expect(await cluster.client().set('k', 'v')).to.equal('OK');
    const { host, port } = cluster.participant(1);
    expect(await ask({ host, port }, 'INFO'), 'participants tell nothing either').to.match(
      /^-NOAUTH/,
    );
  });

  it('keeps a participant out that has another secret; both sides say so', async () => {
    const stranger = cluster.participant(2);
    await stranger.kill9();
    editConfig(stranger, (text) => text.replace(SECRET, WRONG_SECRET));
    await stranger.start();
    await cluster.coordinator.waitForLine(/warn .*cluster_secret.*/);
    await stranger.waitForLine(/warn .*cluster_secret.*/);
    // Writes shrink the view; the stranger gets nothing of them.
    const client = cluster.client();
    await client.set('k', 'unknown to strangers').catch(() => undefined);
    expect(await client.set('k', 'unknown to strangers')).to.equal('OK');
    const info = await cluster.waitForInfo(({ fields }) => fields['view_size'] === '1');
    expect(stateOf(info, stranger.address)).not.to.equal('member');
    expect(info.text).to.match(/reason=[^,\n]*cluster_secret/);
    await stranger.kill9();
    editConfig(stranger, (text) => text.replace(WRONG_SECRET, SECRET));
    await stranger.start();
    await cluster.waitForInfo(isWhole);
  });

  it('writes no secret into a log, INFO, CONFIG or --check', async () => {
    const texts = cluster.roles.map((role) => readFileSync(role.logPath, 'utf8'));
    texts.push((await cluster.info()).text);
    texts.push(JSON.stringify(await cluster.client().config('GET', '*')));
    for (const role of cluster.roles) {
      const { code, stdout } = await runConfig(role.configPath, '--check');
      expect(code).to.equal(0);
      expect(stdout).to.match(/cluster_secret +\*\*\*/);
      texts.push(stdout);
    }
    for (const text of texts) {
      for (const secret of [PASSWORD, SECRET, WRONG_SECRET]) expect(text).not.to.include(secret);
    }
  });
});

describe('a cluster among others', function () {
  this.timeout(30_000);
  let cluster: Cluster;

  before(async () => {
    cluster = await makeCluster({ shared: true, settings: { ...SETTINGS, log_format: 'json' } });
    await cluster.start();
  });
  after(() => cluster.end());

  beforeEach(() => cluster.start());

  function clusterIdOf(info: ClusterInfo): string {
    const id = info.fields['cluster_id'] ?? '';
    expect(id).to.match(/^[0-9a-f]{32}$/);
    return id;
  }

  it('keeps a participant of another cluster out; both sides name both clusters', async () => {
    const other = await makeCluster({ participants: 1, settings: SETTINGS });
    const otherId = clusterIdOf(await other.start());
    expect(await ask(other.coordinator, 'SET', 'theirs', 'kept')).to.equal('OK');
    const stranger = other.participant(1);
    const ownLine = `coordinator_info ${cluster.coordinator.address}`;
    const otherLine = `coordinator_info ${other.coordinator.address}`;
    const ownId = clusterIdOf(await cluster.info());
    await other.stop();
    editConfig(stranger, (text) => text.replace(otherLine, ownLine));
    await cluster.coordinator.stop();
    const line = `participant_info ${stranger.address}\n`;
    editConfig(cluster.coordinator, (text) => text + line);
    await Promise.all([cluster.coordinator.start(), stranger.start()]);
    const both = new RegExp(`${otherId}.*${ownId}`);
    await cluster.coordinator.waitForLine(both);
    await stranger.waitForLine(both);
    const info = await cluster.waitForInfo(isServing);
    expect(stateOf(info, stranger.address)).not.to.be.oneOf(['member', 'joining']);
    expect(info.fields['view_size']).to.equal('3');
    await Promise.all([cluster.coordinator.stop(), stranger.stop()]);
    editConfig(cluster.coordinator, (text) => text.replace(line, ''));
    editConfig(stranger, (text) => text.replace(ownLine, otherLine));
    await other.start();
    expect(await ask(other.coordinator, 'GET', 'theirs')).to.equal('kept');
  });

  it('ends a second coordinator without a log while the first one lives', async () => {
    const folder = join(cluster.folder, 'second');
    mkdirSync(folder);
    const configPath = join(folder, 'kv.conf');
    const text = readFileSync(cluster.coordinator.configPath, 'utf8');
    writeFileSync(configPath, `${text}bind 127.0.0.2\n`);
    const before = await cluster.waitForInfo(isWhole);
    const { code, stderr } = await runConfig(configPath);
    expect(code, stderr).to.equal(1);
    expect(stderr.trimEnd().split('\n')).to.have.length(1);
    expect(stderr).to.include(`another coordinator (epoch ${before.fields['epoch']}) is alive`);
    const after = await cluster.info();
    for (const field of ['epoch', 'view_number', 'view_size', 'state']) {
      expect(after.fields[field], field).to.equal(before.fields[field]);
    }
    expect(await ask(cluster.coordinator, 'SET', 'k', 'v')).to.equal('OK');
  });

  it('obeys no coordinator at another address than coordinator_info says', async () => {
    const wrong = await makeCluster({ participants: 0, settings: SETTINGS });
    const victim = cluster.participant(1);
    editConfig(wrong.coordinator, (text) => `${text}participant_info ${victim.address}\n`);
    await wrong.coordinator.start();
    const both = new RegExp(
      `coordinator_info is ${cluster.coordinator.address} here but ${wrong.coordinator.address}`,
    );
    await wrong.coordinator.waitForLine(both);
    await victim.waitForLine(both);
    expect(await ask(wrong.coordinator, 'SET', 'k', 'taken over')).to.match(/^-LOADING/);
    expect(await ask(cluster.coordinator, 'SET', 'k', 'ours')).to.equal('OK');
  });

  it('prints its events as one JSON object a line on request', async () => {
    await cluster.stop();
    for (const role of cluster.roles) {
      const lines = role.output.trimEnd().split('\n');
      expect(lines[0], 'the same in every format').to.match(/^\w+ running at \[/);
      expect(lines.length).to.be.greaterThan(3);
      for (const line of lines.slice(1)) {
        const event = JSON.parse(line) as Record<string, unknown>;
        expect(event['time']).to.match(/^\d{4}-\d\d-\d\dT.*Z$/);
        expect(event['level']).to.be.oneOf(['error', 'warn', 'info', 'debug']);
        expect(event['message']).to.be.a('string');
      }
    }
  });
});
