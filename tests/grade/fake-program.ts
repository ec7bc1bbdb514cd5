/**
 * A stand-in for the graded program, written as one script into a folder of its own: it answers
 * the bytes that graders expect and keeps its data in a file beside its configuration. One named
 * fault at a time shows that the grading script notices.
 */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type Fault =
  | 'none'
  | 'participant2 exits'
  | 'set answers nothing'
  | 'forgets when killed'
  | 'null bulk for nil'
  | 'counts one'
  | 'keeps the first value'
  | 'deletes nothing'
  | 'fails without participant1'
  | 'reads without participants'
  | 'does not readmit';

const SCRIPT = String.raw`#!/usr/bin/env node
const fs = require('fs'), net = require('net');
const fault = FAULT;
const configPath = process.argv[3];
const lines = fs.readFileSync(configPath, 'utf8').split('\n').filter((l) => !l.startsWith('!'));
const of = (key) => lines.filter((l) => l.startsWith(key + ' ')).map((l) => l.split(' ')[1]);
const split = (a) => ({ host: a.split(':')[0], port: Number(a.split(':')[1]) });
const mode = of('mode')[0];
const own = split((mode === 'coordinator' ? of('coordinator_info') : of('participant_info'))[0]);
const file = configPath + '.data.json';
let data = {};
if (fault !== 'forgets when killed' && fs.existsSync(file)) data = JSON.parse(fs.readFileSync(file));
let seenDead = false;
const alive = (address) => new Promise((done) => {
  const s = net.connect(split(address));
  s.on('connect', () => { s.destroy(); done(true); });
  s.on('error', () => done(false));
});
async function answer([name, key, ...rest]) {
  const states = await Promise.all(of('participant_info').map(alive));
  if (fault === 'fails without participant1' && !states[0]) return '-ERROR\r\n';
  if (states.every((up) => !up)) seenDead = true;
  if (fault === 'does not readmit' && seenDead) return '-ERROR\r\n';
  if (states.every((up) => !up) && fault !== 'reads without participants') return '-ERROR\r\n';
  if (name === 'SET') {
    if (fault === 'set answers nothing') return '';
    if (fault !== 'keeps the first value' || data[key] === undefined) data[key] = rest.join(' ');
  }
  let count = 0;
  if (name === 'DEL') {
    for (const one of [key, ...rest]) {
      if (data[one] === undefined) continue;
      count += 1;
      if (fault !== 'deletes nothing') delete data[one];
    }
  }
  fs.writeFileSync(file, JSON.stringify(data));
  if (name === 'SET') return '+OK\r\n';
  if (name === 'DEL') return ':' + (fault === 'counts one' ? 1 : count) + '\r\n';
  if (data[key] === undefined) return fault === 'null bulk for nil' ? '$-1\r\n' : '*1\r\n$3\r\nnil\r\n';
  const words = data[key].split(' ');
  return '*' + words.length + '\r\n' + words.map((w) => '$' + w.length + '\r\n' + w + '\r\n').join('');
}
net.createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', async (bytes) => {
    const parts = bytes.toString().split('\r\n').filter((p) => p !== '' && !/^[*$]\d/.test(p));
    socket.write(await answer(parts));
  });
}).listen(own.port, own.host, () => {
  console.log(mode + ' running at [' + own.host + ':' + own.port + ']');
  if (fault === 'participant2 exits' && configPath.includes('participant2')) process.exit(1);
});
`;

export function writeFakeProgram(folder: string, fault: Fault): void {
  const path = join(folder, 'kvstore2pcsystem');
  writeFileSync(path, SCRIPT.replace('FAULT', JSON.stringify(fault)));
  chmodSync(path, 0o755);
}
