/** Memory that goes bad: keys that no client touches, so that only the scrub can find it. */

/** Written once, read at the end. */
export const COLD_KEYS = ['cold0', 'cold1', 'cold2'] as const;
