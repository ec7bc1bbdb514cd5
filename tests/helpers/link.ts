/** One connection of the network in memory, as both ends have it and with what is on its way. */

/** Which end of a connection. */
export type Side = 'dialler' | 'acceptor';

export type Item =
  | { readonly type: 'dial' }
  | { readonly type: 'opened' }
  | { readonly type: 'message'; readonly name: string; readonly bytes: Buffer }
  | { readonly type: 'end'; readonly reason: string };

export interface End {
  open: boolean;
  sentBytes: number;
  bytesRead: number;
  received(bytes: Buffer): void;
  opened(): void;
  ended(reason: string): void;
}

export interface Link {
  readonly id: number;
  readonly from: string;
  readonly to: string;
  readonly ends: Record<Side, End>;
  /** What is on its way to this side. */
  readonly lanes: Record<Side, Item[]>;
  /** Sides that nothing reaches any more, and nobody is told. */
  readonly deaf: Set<Side>;
  /** Sides that were gone when something reached their host. */
  readonly missed: Set<Side>;
}

export const NO_END: End = {
  open: true,
  sentBytes: 0,
  bytesRead: 0,
  received: () => undefined,
  opened: () => undefined,
  ended: () => undefined,
};

export function other(side: Side): Side {
  return side === 'dialler' ? 'acceptor' : 'dialler';
}

export function queuedBytes(lane: readonly Item[]): number {
  return lane.reduce((sum, item) => sum + (item.type === 'message' ? item.bytes.length : 0), 0);
}
