/** A simulated cluster of one seed: its processes, clients and what an observer may ask of them. */
import { COMPANION_READS, LATE_COMPANION_COMMANDS } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import { Client, Numbers } from './client.js';
import { CoordinatorProcess } from './coordinator-process.js';
import { Marks } from './marks.js';
import type { SimOptions } from './options.js';
import { ParticipantProcess } from './participant-process.js';
import type { Surroundings } from './process.js';
import { Wire } from './wire.js';
import { World } from './world.js';

export class Cluster {
  readonly world: World;
  readonly wire: Wire;
  readonly marks = new Marks();
  readonly violations: string[] = [];
  readonly participants: ParticipantProcess[];
  readonly coordinator: CoordinatorProcess;
  readonly clients: Client[];
  readonly numbers = new Numbers();
  /** Started by mistake beside the first one. */
  second: CoordinatorProcess | null = null;

  constructor(readonly options: SimOptions) {
    this.world = new World(options.seed);
    this.wire = new Wire(this.world, options.wire, this.marks);
    const addresses = Array.from({ length: options.participants }, (_none, i) => `p${i + 1}:1`);
    this.participants = addresses.map((address) => this.makeParticipant(address));
    this.coordinator = this.makeCoordinator('c', addresses);
    this.clients = Array.from({ length: options.clients }, () => this.makeClient());
  }

  makeClient(operations = this.options.workload.operations): Client {
    const profile = { ...this.options.workload, operations };
    const prng = new Prng(this.world.prng.next());
    return new Client(this.world, prng, profile, this.numbers, () => this.coordinatorFor(prng));
  }

  makeCoordinator(name: string, addresses: readonly string[]): CoordinatorProcess {
    const { log, minParticipants, syncMs } = this.options;
    const { companionCommands = 1, lateCompanionCommands = LATE_COMPANION_COMMANDS } = this.options;
    const settings = {
      participants: addresses,
      minParticipants,
      companionCommands,
      lateCompanionCommands,
      companionReads: Math.min(companionCommands, COMPANION_READS),
    };
    const made = new CoordinatorProcess(this.surroundings(), name, log, settings);
    made.disk.syncMs = syncMs;
    this.wire.processes.set(name, made);
    return made;
  }

  /** A participant that no coordinator need know. */
  makeParticipant(address: string): ParticipantProcess {
    const { log, scrubIntervalMs, syncMs } = this.options;
    const made = new ParticipantProcess(this.surroundings(), address, log, scrubIntervalMs);
    made.disk.syncMs = syncMs;
    this.wire.processes.set(address, made);
    return made;
  }

  /** One that the configuration does not name; made if there is none. */
  outsider(): ParticipantProcess {
    const { participants: addresses } = this.coordinator.settings;
    const known = this.participants.find(({ address }) => !addresses.includes(address));
    if (known !== undefined) return known;
    const made = this.makeParticipant(`p${this.participants.length + 1}:1`);
    this.participants.push(made);
    return made;
  }

  start(): void {
    for (const participant of this.participants) participant.start();
    this.coordinator.start();
  }

  /** Every configured participant is in the installed view, sound and ready. */
  get isWhole(): boolean {
    const { machine } = this.coordinator;
    if (machine?.core.phase !== 'serving' || machine.membership.isChanging) return false;
    const { membership } = machine;
    const { participants: addresses } = this.coordinator.settings;
    if (membership.size !== addresses.length) return false;
    const isSound = membership
      .memberPeers()
      .every((peer) => peer.isReady && peer.unsound === '' && !machine.peers.isSuspected(peer));
    if (!isSound) return false;
    return this.configured().every(({ isRunning, isPaused, machine: participant }) => {
      const storeId = participant?.core.storeId;
      const members = membership.installed?.members ?? [];
      return isRunning && !isPaused && members.some((member) => member.storeId === storeId);
    });
  }

  /** Participants that the coordinator's configuration names. */
  configured(): ParticipantProcess[] {
    const { participants: addresses } = this.coordinator.settings;
    return this.participants.filter(({ address }) => addresses.includes(address));
  }

  private coordinatorFor(prng: Prng): CoordinatorProcess {
    const { second } = this;
    return second !== null && second.isRunning && prng.chance(0.4) ? second : this.coordinator;
  }

  private surroundings(): Surroundings {
    const { world, wire, marks, violations } = this;
    return { world, wire, marks, violations };
  }
}
