/**
 * The system under grading: four roles with three-key configuration files in a temporary folder,
 * started and killed as a grading script does it. It knows nothing of the items or of replies.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RoleProcess } from '../helpers/role-process.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export class GradedSystem {
  readonly folder = mkdtempSync(join(tmpdir(), 'kv2pc-grade-'));
  readonly coordinator: RoleProcess;
  readonly participants: readonly RoleProcess[];
  readonly #directory: string;

  /** `addresses` holds the coordinator's first. */
  constructor(directory: string, addresses: readonly Address[]) {
    this.#directory = directory;
    const spelled = addresses.map(({ host, port }) => `${host}:${port}`);
    const roles = addresses.map((address, index) => this.#makeRole(index, address, spelled));
    const [coordinator, ...participants] = roles;
    if (coordinator === undefined) throw new Error('there is nothing to grade without addresses');
    this.coordinator = coordinator;
    this.participants = participants;
  }

  get roles(): readonly RoleProcess[] {
    return [this.coordinator, ...this.participants];
  }

  start(role: RoleProcess): void {
    if (!role.isRunning) role.launch({ cwd: this.#directory });
  }

  async end(): Promise<void> {
    await Promise.all(this.roles.map((role) => role.kill9()));
  }

  removeFolder(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #makeRole(index: number, address: Address, spelled: readonly string[]): RoleProcess {
    const isCoordinator = index === 0;
    const name = isCoordinator ? 'coordinator' : `participant${index}`;
    const listed = isCoordinator ? spelled.slice(1) : spelled.slice(index, index + 1);
    const configPath = join(this.folder, `${name}.conf`);
    writeFileSync(
      configPath,
      `!\n! ${name} of a grading run\n!\nmode ${isCoordinator ? 'coordinator' : 'participant'}\n` +
        `coordinator_info ${spelled[0] ?? ''}\n` +
        listed.map((one) => `participant_info ${one}\n`).join(''),
    );
    return new RoleProcess({
      ...address,
      name,
      folder: this.folder,
      configPath,
      logPath: join(this.folder, `${name}.output.log`),
      program: join(this.#directory, 'kvstore2pcsystem'),
    });
  }
}
