/** The part of fs-native-extensions that is used here; the package brings no types. */
declare module 'fs-native-extensions' {
  /**
   * Asks for an exclusive lock on the whole file without waiting: an open-file-description lock on
   * Linux. False if another open file holds it; throws for any other reason.
   */
  export function tryLock(fd: number): boolean;
  export function unlock(fd: number): void;
}
