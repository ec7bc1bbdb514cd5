/**
 * Patterns for names of settings: `*` is any text, `?` any character, case does not count. Never
 * exponential: on a mismatch only the last `*` is retried.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  const wanted = pattern.toLowerCase();
  const subject = text.toLowerCase();
  let inPattern = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < subject.length) {
    const current = wanted[inPattern];
    if (current === '*') {
      star = inPattern;
      starAt = at;
      inPattern += 1;
    } else if (current === '?' || current === subject[at]) {
      inPattern += 1;
      at += 1;
    } else if (star >= 0) {
      starAt += 1;
      at = starAt;
      inPattern = star + 1;
    } else {
      return false;
    }
  }
  while (wanted[inPattern] === '*') inPattern += 1;
  return inPattern === wanted.length;
}
