/** `make run` with a stand-in for the program, which listens and stops as the real one does. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect } from 'chai';
import { runAll } from '../../../src/io/run-all.js';
import { freePorts } from '../../helpers/free-ports.js';

const STAND_IN = `
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
const text = readFileSync(process.argv[3], 'utf8');
const [, mode] = /^mode (\\w+)/m.exec(text);
const [, address, port] = new RegExp('^' + mode + '_info ((?:[\\\\d.]+):(\\\\d+))', 'm').exec(text);
if (text.includes('log_level error')) process.exit(3);
const server = createServer().listen(port, '127.0.0.1', () => {
  console.log(mode + ' running at [' + address + ']');
  const group = readFileSync('/proc/self/stat', 'utf8').split(' ')[4];
  console.log(group === String(process.pid) ? 'in a group of its own' : 'in a shared group');
});
process.on('SIGTERM', () => {
  console.log('stopped in order');
  server.close();
});
`;

describe('make run', function () {
  this.timeout(20_000);
  let folder = '';
  let ports: number[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kv-run-'));
    ports = await freePorts(4);
    writeFileSync(join(folder, 'program.mjs'), STAND_IN);
    const [coordinator = 0, ...others] = ports;
    const participants = others.map((port) => `participant_info 127.0.0.1:${port}`);
    const head = `coordinator_info 127.0.0.1:${coordinator}`;
    write('coordinator', ['mode coordinator', head, ...participants]);
    participants.forEach((line, index) => {
      write(`participant${index + 1}`, ['mode participant', head, line]);
    });
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function write(name: string, lines: string[]): void {
    writeFileSync(join(folder, `${name}.conf`), `${lines.join('\n')}\n`);
  }

  /** Runs all, calls `onLine` with each line, and resolves with the exit code and the output. */
  async function run(onLine: (line: string) => void): Promise<{ code: number; text: string }> {
    let text = '';
    const output = new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        onLine(chunk.toString());
        done();
      },
    });
    const program = join(folder, 'program.mjs');
    const code = await runAll({ folder, program, output, colour: false });
    return { code, text };
  }

  it('starts all, says what to type, and stops all in order at Ctrl-C', async () => {
    const { code, text } = await run((line) => {
      if (line.startsWith('Ctrl-C')) process.emit('SIGINT');
    });
    expect(code).to.equal(0);
    expect(text).to.include(`coordinator  | coordinator running at [127.0.0.1:${ports[0] ?? 0}]`);
    expect(text).to.include(`participant3 | participant running at [127.0.0.1:${ports[3] ?? 0}]`);
    expect(text).to.match(/redis-cli -h 127\.0\.0\.1 -p \d+ SET .*nc -w 3/s);
    expect(text.match(/stopped in order/g)).to.have.length(4);
    // A terminal's Ctrl-C would otherwise reach the processes beside the signal they are sent.
    expect(text.match(/in a group of its own/g)).to.have.length(4);
  });

  it('starts nothing while a port is taken, and names who has it', async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(ports[2], '127.0.0.1', listening));
    const { code, text } = await run(() => undefined);
    server.close();
    expect(code).to.equal(1);
    const onLinux = process.platform === 'linux';
    const holder = onLinux ? `process ${process.pid} (` : 'another process';
    expect(text).to.include(`127.0.0.1:${ports[2] ?? 0}, where the participant2 would listen`);
    expect(text).to.include(`is taken by ${holder}`).and.include('Nothing was started');
    expect(text).to.not.include('running at');
  });

  it('stops the others when one does not come up', async () => {
    const [coordinator = 0, , second = 0] = ports;
    write('participant2', [
      'mode participant',
      `coordinator_info 127.0.0.1:${coordinator}`,
      `participant_info 127.0.0.1:${second}`,
      'log_level error',
    ]);
    const { code, text } = await run(() => undefined);
    expect(code).to.equal(1);
    expect(text).to.include('participant2 | ended with exit code 3');
    expect(text).to.include('All processes have ended.');
  });

  it('says what is wrong with a configuration, and starts nothing', async () => {
    write('participant1', ['mode participant']);
    const { code, text } = await run(() => undefined);
    expect(code).to.equal(2);
    expect(text).to.match(/^Nothing was started: .*participant1\.conf: coordinator_info/);
  });
});
