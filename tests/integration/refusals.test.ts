/**
 * Starts that must fail, and how: one clear line on standard error, status 2 for a configuration
 * that makes no sense, status 1 for one that cannot run here and now.
 */
import { copyFileSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Cluster, makeCluster } from '../helpers/processes.js';
import { PROGRAM } from '../helpers/project-root.js';
import { RoleProcess } from '../helpers/role-process.js';
import { run, runConfig, type RunResult } from '../helpers/run-program.js';

function expectOneLine(result: RunResult, code: number, ...words: readonly string[]): void {
  expect(result.code, result.stderr).to.equal(code);
  expect(result.stderr.trimEnd().split('\n'), result.stderr).to.have.length(1);
  for (const word of words) expect(result.stderr).to.include(word);
}

describe('a start that cannot succeed', function () {
  this.timeout(20_000);
  let cluster: Cluster;

  beforeEach(async () => {
    cluster = await makeCluster({ participants: 1 });
  });

  const badFiles: readonly [string, string, readonly string[]][] = [
    ['no mode', 'coordinator_info 127.0.0.1:9\nparticipant_info 127.0.0.1:10\n', ['mode']],
    ['an unknown mode', 'mode both\ncoordinator_info 127.0.0.1:9\n', ['1', 'mode', 'both']],
    ['no coordinator', 'mode participant\nparticipant_info 127.0.0.1:9\n', ['coordinator_info']],
    ['no participant', 'mode coordinator\ncoordinator_info 127.0.0.1:9\n', ['participant_info']],
    [
      'a port that is none',
      'mode participant\ncoordinator_info 127.0.0.1:9\nparticipant_info 127.0.0.1:99999\n',
      ['3', 'participant_info', '99999'],
    ],
    [
      'an unknown key, with the nearest known one',
      'mode participant\ncoordinator_info 127.0.0.1:9\nparticipant_info 127.0.0.1:8\nlog_levle info\n',
      ['4', 'log_levle', 'log_level'],
    ],
    [
      'a value out of range, in INI format',
      'mode = participant\ncoordinator_info = 127.0.0.1:9\nparticipant_info = 127.0.0.1:8\n' +
        'heartbeat_interval = soon\n',
      ['4', 'heartbeat_interval', 'soon'],
    ],
  ];
  for (const [what, text, words] of badFiles) {
    it(`refuses a configuration with ${what}`, async () => {
      const path = join(cluster.folder, 'bad.conf');
      writeFileSync(path, text);
      expectOneLine(await runConfig(path), 2, 'bad.conf', ...words);
    });
  }

  it('refuses a configuration that is not there, and an unknown flag', async () => {
    const path = join(cluster.folder, 'absent.conf');
    expectOneLine(await runConfig(path), 2, 'absent.conf');
    expectOneLine(await run(PROGRAM, ['--confg_path', path]), 2, '--confg_path');
    expectOneLine(await run(PROGRAM, []), 2, '--config_path');
  });

  it('prints the settings without secrets on --check', async () => {
    const { configPath } = cluster.coordinator;
    writeFileSync(configPath, `${readFileSync(configPath, 'utf8')}requirepass verysecret\n`);
    const { code, stdout } = await runConfig(configPath, '--check');
    expect(code).to.equal(0);
    expect(stdout).to.include('requirepass').and.to.include('***');
    expect(stdout).not.to.include('verysecret');
  });

  for (const name of ['coordinator', 'participant1'] as const) {
    it(`exits 1 when the address of the ${name} is taken`, async () => {
      const role = name === 'coordinator' ? cluster.coordinator : cluster.participant(1);
      const server: Server = createServer();
      await new Promise<void>((listening) => server.listen(role.port, role.host, listening));
      try {
        const holder = `is in use by process ${process.pid} (`;
        expectOneLine(await runConfig(role.configPath), 1, role.address, holder);
      } finally {
        server.close();
      }
    });

    it(`exits 1 when another process holds the data folder of the ${name}`, async () => {
      const role = name === 'coordinator' ? cluster.coordinator : cluster.participant(1);
      await role.start();
      const copy = join(role.folder, 'copy.conf');
      copyFileSync(role.configPath, copy);
      writeFileSync(copy, `${readFileSync(copy, 'utf8')}bind 127.0.0.2\n`);
      expectOneLine(await runConfig(copy), 1, join(role.folder, 'data'));
      expect(role.isRunning).to.equal(true);
      await role.kill9();
      await role.start();
    });
  }

  it('exits 1 where the address is of another machine, and where no folder can be made', async () => {
    const { folder } = cluster;
    const start = (name: string, lines: string): Promise<RunResult> => {
      const path = join(folder, name);
      writeFileSync(path, `mode coordinator\nparticipant_info 127.0.0.1:9\n${lines}\n`);
      return runConfig(path);
    };
    const elsewhere = await start('elsewhere.conf', 'coordinator_info 192.0.2.1:8001');
    expectOneLine(elsewhere, 1, '192.0.2.1:8001 is not an address of this machine', 'set bind');
    const below = join(folder, 'elsewhere.conf', 'data');
    const blocked = `coordinator_info ${cluster.coordinator.address}\ndata_dir ${below}`;
    expectOneLine(await start('blocked.conf', blocked), 1, `cannot make the folder ${below}`);
  });

  it('gives the data folder to exactly one of two simultaneous starts', async () => {
    const { name, port, folder, configPath } = cluster.participant(1);
    const copy = join(folder, 'copy.conf');
    writeFileSync(copy, `${readFileSync(configPath, 'utf8')}bind 127.0.0.2\n`);
    const address = { host: '127.0.0.2', port, name: `twin of ${name}` };
    const logPath = join(folder, 'twin.log');
    const twin = new RoleProcess({ ...address, folder, configPath: copy, logPath });
    const both = [cluster.participant(1), twin];
    try {
      for (const role of both) role.launch();
      const ends = both.map((role) => role.waitForExit().then((exit) => ({ role, exit })));
      const { role: loser, exit } = await Promise.race(ends);
      expect(exit).to.deep.equal({ code: 1, signal: null });
      // Who has just taken the lock may not have written yet who it is.
      const inUse = /the data folder \S+ is in use(:| by the participant with process id \d+ )/;
      expect(loser.errorOutput).to.match(inUse);
      const winner = both.find((role) => role !== loser);
      await winner?.waitForLine(/ a new data folder /);
      expect(winner?.isRunning).to.equal(true);
    } finally {
      await twin.kill9();
    }
  });

  it('exits 1 on a data folder that belongs to another role', async () => {
    await cluster.start();
    await cluster.stop();
    const own = join(cluster.coordinator.folder, 'data');
    const foreign = join(cluster.participant(1).folder, 'data');
    const folder = (data: string): string => join(data, readdirSync(data)[0] ?? '');
    const target = folder(own);
    renameSync(target, `${target}.aside`);
    renameSync(folder(foreign), target);
    const words = 'is the data folder of a participant, not of a coordinator';
    expectOneLine(await runConfig(cluster.coordinator.configPath), 1, target, words);
  });
});
