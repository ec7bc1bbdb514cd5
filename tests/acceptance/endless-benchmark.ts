/** redis-benchmark in an endless loop, which ends by itself only when it got an error. */
import { spawn } from 'node:child_process';

const KEPT_CHARS = 2000;
/** `redis-benchmark` names errors in these words only. */
const ERROR = /error|closed the connection|refused/i;

export class EndlessBenchmark {
  readonly #child;
  readonly #ended: Promise<void>;
  #tail = '';
  #failed = false;

  constructor(port: number, clients: number, pipeline: number) {
    const words = `-p ${port} -r 100000 -t set,get -c ${clients} -P ${pipeline} -n 200000 -l -q`;
    this.#child = spawn('redis-benchmark', words.split(' '), { stdio: ['ignore', 'pipe', 'pipe'] });
    const take = (chunk: Buffer): void => {
      this.#tail = (this.#tail + chunk.toString()).slice(-KEPT_CHARS);
      if (ERROR.test(this.#tail)) this.#failed = true;
    };
    this.#child.stdout.on('data', take);
    this.#child.stderr.on('data', take);
    this.#ended = new Promise((resolve) => {
      this.#child.on('error', (error) => {
        this.#tail = error.message;
        resolve();
      });
      this.#child.on('close', () => {
        resolve();
      });
    });
  }

  /** What went wrong, or null: an error was printed, or it ended before it was told to. */
  async stop(): Promise<string | null> {
    const endedEarly = this.#child.exitCode !== null || this.#child.pid === undefined;
    this.#child.kill('SIGTERM');
    await this.#ended;
    return this.#failed || endedEarly ? this.#tail.trim().slice(-300) : null;
  }
}
