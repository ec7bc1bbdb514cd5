/** Reads a file from front to back while what was read is handled. */
import type { Disk } from '../ports/disk.js';

/** Chunks of so many bytes, the last one shorter; the next is read while one is handled. */
export async function* chunksOf(
  disk: Disk,
  name: string,
  from: number,
  bytes: number,
): AsyncGenerator<Buffer, void> {
  let next = disk.read(name, from, bytes);
  for (let offset = from; ;) {
    const chunk = await next;
    if (chunk.length === 0) return;
    offset += chunk.length;
    next = disk.read(name, offset, bytes);
    // Whoever goes on meets the error above; who has read enough does not care.
    next.catch(() => undefined);
    yield chunk;
  }
}
