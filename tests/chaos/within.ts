/** A bound on how long something is awaited. What is late goes on, and nobody looks at it. */
export class TooLate extends Error {
  override readonly name = 'TooLate';
}

export async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new TooLate(`no end within ${timeoutMs} ms`));
    }, timeoutMs);
  });
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
