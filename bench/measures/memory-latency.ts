/**
 * How long one read at random in 16 MB takes, with the search for its page: more than a core's own
 * cache holds, and little for the one that all cores share. Machines whose processors have the
 * same name differ in it by what their neighbours do to that one.
 */

const BYTES = 16 * 2 ** 20;
const LINE_BYTES = 64;
const WORDS_A_LINE = LINE_BYTES / Int32Array.BYTES_PER_ELEMENT;
const READS = 1_000_000;
const RUNS = 3;

/** In ns, the least of a few runs: each read tells where the next one is. */
export function memoryReadNs(): number {
  const lines = randomCycle(BYTES / LINE_BYTES);
  const words = new Int32Array(lines.length * WORDS_A_LINE);
  for (const [line, next] of lines.entries()) words[line * WORDS_A_LINE] = next * WORDS_A_LINE;
  let least = Infinity;
  for (let run = 0; run < RUNS; run += 1) least = Math.min(least, msOfReads(words));
  return (least * 1e6) / READS;
}

function msOfReads(words: Int32Array): number {
  const from = performance.now();
  let at = 0;
  for (let count = 0; count < READS; count += 1) at = words[at] ?? 0;
  const took = performance.now() - from;
  // What is used is not left out by the engine.
  if (at % WORDS_A_LINE !== 0) throw new Error('a read left its lines');
  return took;
}

/** For each place the one after it: one way through all of them (Sattolo, 1986). */
export function randomCycle(places: number): Int32Array {
  const next = Int32Array.from({ length: places }, (_, place) => place);
  for (let place = places - 1; place > 0; place -= 1) {
    const other = Math.floor(Math.random() * place);
    [next[place], next[other]] = [next[other] ?? 0, next[place] ?? 0];
  }
  return next;
}
