/**
 * Assertions that stay on in production. They state what this code believes of itself; input from
 * clients, peers and disks is checked elsewhere and never reaches an assertion.
 */

/** A bug of ours: the process must stop rather than go on from a state nobody thought of. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** A text that is a template is put together even where the condition holds: not on hot paths. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Ends a `switch` over a closed union: the compiler refuses a member that was forgotten. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable case: ${JSON.stringify(value)}`);
}
