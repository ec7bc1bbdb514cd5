/** Reading typed arrays without a word on what the type checker cannot know. */

/** What stands there, or 0 beyond the end. */
export function wordAt(words: Int32Array, at: number): number {
  return words[at] ?? 0;
}
