/**
 * Where the processes of a run are: each in a network namespace of its own, joined by a bridge in
 * the namespace of the harness, where the clients are. A cut drops the packets of one direction
 * between two places with a filter in the receiver's namespace, as a broken link would: nobody is
 * told. Without namespaces all are on the loopback interface, and nothing can be cut.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../helpers/free-ports.js';
import { run } from '../helpers/run-program.js';

export interface Place {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** The words before a command that run it there. */
  readonly enter: readonly string[];
}

export interface Topology {
  readonly places: readonly Place[];
  /** Drops what `from` sends to `to`. */
  cut(from: string, to: string): Promise<void>;
  mend(from: string, to: string): Promise<void>;
  mendAll(): Promise<void>;
}

/** The harness itself, as one end of a cut. */
export const CLIENTS = 'clients';

const NETWORK = '10.77.0';
const BRIDGE = 'chaos0';
const PORT = 7000;
const HUB_ADDRESS = `${NETWORK}.1`;
const ENTER_WAIT_MS = 10;

const holders = new Set<ChildProcess>();
process.on('exit', () => {
  for (const holder of holders) holder.kill('SIGKILL');
});

async function must(command: readonly string[]): Promise<void> {
  const [program = '', ...words] = command;
  const { code, stderr } = await run(program, words);
  if (code !== 0) throw new Error(`${command.join(' ')}: ${stderr.trim()}`);
}

export async function loopbackTopology(names: readonly string[]): Promise<Topology> {
  const ports = await freePorts(names.length);
  const places = names.map((name, index) => {
    return { name, host: '127.0.0.1', port: ports[index] ?? 0, enter: [] };
  });
  const impossible = (): Promise<never> => Promise.reject(new Error('nothing can be cut here'));
  return { places, cut: impossible, mend: impossible, mendAll: () => Promise.resolve() };
}

export class BridgedTopology implements Topology {
  readonly places: Place[] = [];
  readonly #cuts = new Set<string>();

  static async make(names: readonly string[]): Promise<BridgedTopology> {
    const topology = new BridgedTopology();
    await must(['ip', 'link', 'set', 'lo', 'up']);
    await must(['ip', 'link', 'add', BRIDGE, 'type', 'bridge']);
    await must(['ip', 'addr', 'add', `${HUB_ADDRESS}/24`, 'dev', BRIDGE]);
    await must(['ip', 'link', 'set', BRIDGE, 'up']);
    for (const [index, name] of names.entries()) await topology.#add(name, index);
    return topology;
  }

  async cut(from: string, to: string): Promise<void> {
    const name = `${from} ${to}`;
    if (this.#cuts.has(name)) return;
    this.#cuts.add(name);
    await this.#filter('-A', from, to);
  }

  async mend(from: string, to: string): Promise<void> {
    if (this.#cuts.delete(`${from} ${to}`)) await this.#filter('-D', from, to);
  }

  async mendAll(): Promise<void> {
    for (const name of [...this.#cuts]) {
      const [from = '', to = ''] = name.split(' ');
      await this.mend(from, to);
    }
  }

  /** The namespace lives as long as a sleeping process in it, which ends with the harness. */
  async #add(name: string, index: number): Promise<void> {
    const holder = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' });
    const { pid } = holder;
    if (pid === undefined) throw new Error('unshare could not be started');
    holders.add(holder);
    const own = readlinkSync('/proc/self/ns/net');
    while (readlinkSync(`/proc/${pid}/ns/net`) === own) await delay(ENTER_WAIT_MS);
    const host = `${NETWORK}.${index + 11}`;
    const enter = ['nsenter', `--net=/proc/${pid}/ns/net`];
    const link = `to-${index}`;
    const peer = ['peer', 'name', 'eth0', 'netns', String(pid)];
    await must(['ip', 'link', 'add', link, 'type', 'veth', ...peer]);
    await must(['ip', 'link', 'set', link, 'master', BRIDGE, 'up']);
    await must([...enter, 'ip', 'link', 'set', 'lo', 'up']);
    await must([...enter, 'ip', 'addr', 'add', `${host}/24`, 'dev', 'eth0']);
    await must([...enter, 'ip', 'link', 'set', 'eth0', 'up']);
    this.places.push({ name, host, port: PORT, enter });
  }

  /** The clients' own namespace stays without filters: their end is cut at the other one. */
  async #filter(action: '-A' | '-D', from: string, to: string): Promise<void> {
    const toClients = to === CLIENTS;
    const at = this.#place(toClients ? from : to);
    const rule = toClients
      ? ['OUTPUT', '-d', HUB_ADDRESS]
      : ['INPUT', '-s', from === CLIENTS ? HUB_ADDRESS : this.#place(from).host];
    await must([...at.enter, 'iptables', '-w', action, ...rule, '-j', 'DROP']);
  }

  #place(name: string): Place {
    const place = this.places.find((candidate) => candidate.name === name);
    if (place === undefined) throw new Error(`there is no place ${name}`);
    return place;
  }
}
