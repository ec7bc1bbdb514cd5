/** How a role's life ends: by itself with a reason, or because it is stopped. */
import { StartRefusedError } from './running-role.js';

export class RoleEnd {
  /** Rejects when the role ended by itself; the reason is what the operator is told. */
  readonly finished: Promise<number>;
  private reject: (error: Error) => void = () => undefined;

  constructor() {
    this.finished = new Promise((_resolve, reject) => {
      this.reject = reject;
    });
    // Somebody who only stops the role need not listen for its end.
    this.finished.catch(() => undefined);
  }

  /** The first reason counts. */
  because(error: Error): void {
    this.reject(error);
  }

  becauseOf(code: string, reason: string): void {
    this.because(new StartRefusedError(code, reason));
  }
}
