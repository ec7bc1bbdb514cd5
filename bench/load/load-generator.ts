/**
 * The parent's side of the load generator. A run with error replies, or without any replies, is no
 * measurement: it throws.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { FromGenerator, ToGenerator } from './generator.js';
import type { LoadReport, LoadSpec } from './load-spec.js';

const SCRIPT = join(import.meta.dirname, 'generator.js');

export class LoadGenerator {
  private readonly child: ChildProcess = fork(SCRIPT);

  /** A run that ends by itself. */
  run(spec: LoadSpec): Promise<LoadReport> {
    const answer = this.nextAnswer();
    this.say({ type: 'run', spec });
    return answer;
  }

  /** One that goes on until the returned function is called. */
  begin(spec: LoadSpec): () => Promise<LoadReport> {
    const answer = this.run({ ...spec, seconds: null, requests: null });
    // Whoever stops it hears of a failure; until then nobody listens.
    answer.catch(() => undefined);
    return () => {
      this.say({ type: 'stop' });
      return answer;
    };
  }

  end(): void {
    this.child.disconnect();
  }

  private say(message: ToGenerator): void {
    this.child.send(message);
  }

  private nextAnswer(): Promise<LoadReport> {
    return new Promise((resolve, reject) => {
      const onExit = (): void => reject(new Error('the load generator ended'));
      this.child.once('exit', onExit);
      this.child.once('message', (message: FromGenerator) => {
        this.child.off('exit', onExit);
        if (message.type === 'failed') reject(new Error(message.text));
        else if (message.report.errors > 0) reject(errorsOf(message.report));
        else if (message.report.requests === 0) reject(new Error('no request was answered'));
        else resolve(message.report);
      });
    });
  }
}

function errorsOf({ errors, requests, firstErrors }: LoadReport): Error {
  return new Error(`${errors} of ${requests} requests got errors: ${firstErrors.join('; ')}`);
}
