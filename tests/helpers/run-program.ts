/** Runs a program to its end and keeps what it said. */
import { spawn } from 'node:child_process';
import { PROGRAM } from './project-root.js';

export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: Buffer | string;
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

export function run(
  program: string,
  words: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      stdio: 'pipe',
      timeout: options.timeoutMs ?? 10_000,
      killSignal: 'SIGKILL',
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('latin1').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input);
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}

/** Runs the program under test with one configuration file until it exits by itself. */
export function runConfig(configPath: string, ...words: readonly string[]): Promise<RunResult> {
  return run(PROGRAM, ['--config_path', configPath, ...words]);
}
