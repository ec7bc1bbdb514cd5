/**
 * Decides, at a coordinator's start, how every transaction ended that was under way, from what its
 * own log and the fenced members of the last view know. A pure function: the heart of recovery.
 *
 * For one txid n above what all members have resolved, in order:
 *
 * - @A our log has its outcome: that is it.
 * - @B a member has resolved n: aborted if it lists n as aborted, else committed. Somebody may have
 *   been told, so nothing may contradict it. The word of a member that does not decide counts
 *   too, and that of `others`, who were asked and are not members (any more).
 * - @C n is prepared, under one identity, at every member that decides: commit. It may have been
 *   acknowledged by a coordinator whose folder is gone.
 * - @D otherwise: abort n and everything behind it. Nobody was told: an acknowledged transaction is
 *   prepared at every member of its view.
 *
 * Who decides: the members that hold everything that is proved to exist. A member is out if its
 * store is damaged or half filled (@X), if it lacks what our log says was committed (a commit
 * stands, whoever has been here since) or what another member has resolved (@Y), if it lacks n,
 * another member has n, and its log was cut at or before n or it knows no view of the epoch of n,
 * which the other does (@Z), or if it prepared n under an older epoch than another member, or than
 * that under which n has ended (@W). Its absence proves nothing then. A single decider whose log
 * was cut cannot testify against members that did not answer: our log may lack the last commits
 * that were told (`needsEverybody`).
 *
 * Invariant: every acknowledged transaction is committed, provided that at least one member that
 * holds it is among `members` and every member of the last view is there or was excluded by @X-@W
 * or by a caller entitled to (a with-log start, for members that do not answer).
 */
import { assert } from '../base/assert.js';
import { type StoreId, type TxId, type View, isNewerView } from '../base/ids.js';
import { type Lineage, epochAt } from '../base/lineage.js';
import type { InDoubt, Status } from '../rpc/status.js';
import type { Decision, Outcomes } from './outcomes.js';

export interface Excluded {
  readonly storeId: StoreId;
  readonly why: string;
}

export interface Verdicts {
  /** Members that hold everything; empty: recovery cannot go on with these. */
  readonly deciders: readonly StoreId[];
  readonly excluded: readonly Excluded[];
  /** What our log has decided, or what every decider has resolved, whichever goes further. */
  readonly baseTxid: TxId;
  /** Aborts up to the base that our log lacks: a member that is absent may be in doubt of them. */
  readonly aborted: readonly Decision[];
  /** Of what is up to the base, as the deciders know. */
  readonly lineage: Lineage;
  /** Outcomes above the base, contiguous, in txid order. */
  readonly decisions: readonly Decision[];
  /** Up to here somebody has resolved them, so that they are known, and not decided now. */
  readonly knownTxid: TxId;
  /**
   * A decision rests on what members hold (@C, @D): only a view of exactly the deciders may take
   * it.
   */
  readonly needsExactView: boolean;
  /** Nobody may be left out: the only decider may have lost what it had promised. */
  readonly needsEverybody: boolean;
}

/**
 * A member that lacks what it is known to have had on its disk, this view or transactions up to
 * this one, has lost the end of its log, whatever it says.
 */
export function doubted(status: Status, hadView: View | null, hadTxid: TxId): Status {
  const from = lastPrepared(status) + 1;
  const hasForgotten = hadView !== null && isNewerView(hadView, status.view);
  if (from > hadTxid && !hasForgotten) return status;
  return { ...status, tailFrom: status.tailFrom > 0 ? Math.min(status.tailFrom, from) : from };
}

export function whyUnfit({ overridden }: Status): string {
  return overridden
    ? 'what it holds was overridden by an operator'
    : 'its store is damaged or half filled';
}

export function decideVerdicts(
  statuses: readonly Status[],
  outcomes: Outcomes,
  others: readonly Status[] = [],
  provedTxid: TxId = 0,
): Verdicts {
  const excluded: Excluded[] = [];
  let deciders = [...statuses];
  const exclude = (status: Status, why: string): void => {
    excluded.push({ storeId: status.storeId, why });
    deciders = deciders.filter((other) => other !== status);
  };

  for (const status of statuses) {
    if (!status.fit) exclude(status, whyUnfit(status));
  }
  // What a damaged store lists as ended did end; one that was being filled has nothing to say.
  const witnesses = [...statuses, ...others].filter((status) => !status.empty);
  excludeLosers(deciders, witnesses, outcomes, provedTxid, exclude);
  const holders = statuses.filter((status) => !status.empty);
  const endedAt = (txid: TxId): number => endedEpoch(txid, outcomes, witnesses);
  excludeUncertain(() => deciders, holders, endedAt, exclude);
  const [only] = deciders;
  const needsEverybody = deciders.length === 1 && only !== undefined && only.tailFrom > 0;
  const walked = walk(deciders, witnesses, outcomes);
  return { deciders: deciders.map(storeIdOf), excluded, needsEverybody, ...walked };
}

/** Why these must not decide while the rest of the view is missing; '' if they may. */
export function objection(verdicts: Verdicts, view: string, rest: readonly string[]): string {
  const { deciders, excluded, needsEverybody } = verdicts;
  if (deciders.length > 0 && (rest.length === 0 || !needsEverybody)) return '';
  const reasons = excluded.map(({ why }) => why).join('; ');
  const because = reasons === '' ? '' : ` (${reasons})`;
  const needed = rest.length === 0 ? '' : `; need ${rest.join(', ')}`;
  return needsEverybody
    ? `the only member of ${view} that may decide has a log that was cut${because}${needed}`
    : `no member of ${view} holds everything${because}${needed}`;
}

/** @Y: whoever lacks what is proved to be committed has lost data. */
function excludeLosers(
  members: readonly Status[],
  witnesses: readonly Status[],
  outcomes: Outcomes,
  provedTxid: TxId,
  exclude: (status: Status, why: string) => void,
): void {
  const resolved = witnesses.map((status) => status.resolved.txid);
  const proved = Math.max(outcomes.decidedTxid, provedTxid, ...resolved);
  for (const status of members) {
    const lacking = firstLacking(status, proved, outcomes, witnesses);
    if (lacking > 0) exclude(status, `it lacks transaction ${lacking}, which was committed`);
  }
}

function firstLacking(
  status: Status,
  proved: TxId,
  outcomes: Outcomes,
  witnesses: readonly Status[],
): TxId {
  for (let txid = lastPrepared(status) + 1; txid <= proved; txid += 1) {
    const known = outcomes.get(txid)?.commit ?? resolvedBySomebody(txid, witnesses);
    if (known !== false) return txid;
  }
  return 0;
}

/**
 * @Z and @W, from the lowest transaction in doubt up. That a damaged member has prepared one is
 * evidence too, though it decides nothing. What follows a transaction of an older epoch than one
 * that has ended, or that a decider holds, is of that epoch's line, which ended there: it is no
 * evidence.
 */
function excludeUncertain(
  current: () => readonly Status[],
  notEmpty: readonly Status[],
  endedAt: (txid: TxId) => number,
  exclude: (status: Status, why: string) => void,
): void {
  let holders = notEmpty;
  const highest = Math.max(0, ...holders.map(lastPrepared));
  const lowest = Math.min(highest, ...current().map((status) => status.resolved.txid + 1));
  for (let txid = lowest; txid <= highest; txid += 1) {
    const newest = Math.max(endedAt(txid), newestEpochAt(txid, holders));
    holders = holders.filter((holder) => (inDoubtAt(holder, txid)?.epoch ?? newest) >= newest);
    const isHeld = newestEpochAt(txid, holders) > 0;
    for (const status of current()) {
      const held = inDoubtAt(status, txid);
      const has = held !== undefined || status.resolved.txid >= txid;
      const isCut = status.tailFrom > 0 && status.tailFrom <= txid;
      if (!has && isHeld && isCut) {
        exclude(status, `its log was cut before transaction ${txid}`);
      } else if (!has && holders.some((holder) => isBehind(status, holder, txid))) {
        exclude(status, `it may have lost transaction ${txid}, and every view of its epoch`);
      } else if (held !== undefined && held.epoch < newest) {
        exclude(status, `it holds another transaction ${txid}, of an older epoch`);
      }
    }
  }
}

/**
 * No transaction is begun before the first view of its epoch is installed: this one may have had
 * that, and have lost it.
 */
function isBehind(status: Status, holder: Status, txid: TxId): boolean {
  const held = inDoubtAt(holder, txid);
  if (held === undefined) return false;
  return viewEpoch(holder) >= held.epoch && viewEpoch(status) < held.epoch;
}

function viewEpoch({ view }: Status): number {
  return view?.epoch.number ?? 0;
}

function walk(
  deciders: readonly Status[],
  witnesses: readonly Status[],
  outcomes: Outcomes,
): Omit<Verdicts, 'deciders' | 'excluded' | 'needsEverybody'> {
  const decisions: Decision[] = [];
  const ended = Math.max(0, ...witnesses.map((status) => status.resolved.txid));
  // Where nobody decides, everything is known that will be.
  const resolvedByAll = Math.min(ended, ...deciders.map((status) => status.resolved.txid));
  const baseTxid = Math.max(outcomes.decidedTxid, resolvedByAll);
  const knownTxid = Math.max(baseTxid, ended);
  const highest = Math.max(knownTxid, ...deciders.map(lastPrepared));
  let needsExactView = false;
  let aborting = false;
  for (let txid = baseTxid + 1; txid <= highest; txid += 1) {
    const known = resolvedBySomebody(txid, witnesses); // @A is at or below the base
    if (known !== undefined) {
      const named = known ? endedEpoch(txid, outcomes, witnesses) : abortedEpoch(txid, witnesses);
      assert(Number.isFinite(named), 'who lacks what nobody remembers does not decide');
      decisions.push({ epoch: named, txid, commit: known }); // @B
      continue;
    }
    needsExactView = true;
    const holders = deciders.map((status) => inDoubtAt(status, txid));
    const epoch = newestEpochAt(txid, deciders);
    const commit = !aborting && samePrepared(holders); // @C
    if (!commit) aborting = true; // @D
    decisions.push({ epoch, txid, commit });
  }
  const aborted = abortsWithin(outcomes.decidedTxid, baseTxid, witnesses);
  const lineage = longest(deciders);
  return { baseTxid, aborted, lineage, decisions, knownTxid, needsExactView };
}

/** Of what this member is in doubt of, from the first on, what is known to have ended. */
export function knownEnds(status: Status, verdicts: Verdicts, outcomes: Outcomes): Decision[] {
  const { aborted, decisions, knownTxid } = verdicts;
  const learnt = new Map([...aborted, ...decisions].map((decision) => [decision.txid, decision]));
  const ends: Decision[] = [];
  for (const { epoch, txid } of status.inDoubt) {
    if (txid > knownTxid) break;
    const known = txid <= outcomes.decidedTxid ? outcomes.get(txid) : learnt.get(txid);
    if ((known?.epoch ?? outcomes.epochAt(txid) ?? epoch) !== epoch) break;
    ends.push({ epoch, txid, commit: known?.commit ?? true });
  }
  return ends;
}

/** They have the same past; who was filled from an old snapshot remembers less of it. */
function longest(deciders: readonly Status[]): Lineage {
  return deciders.reduce<Lineage>(
    (lineage, status) => (status.lineage.length > lineage.length ? status.lineage : lineage),
    [],
  );
}

/** What any of these lists as aborted did end so; above `from`, in txid order. */
function abortsWithin(from: TxId, to: TxId, witnesses: readonly Status[]): Decision[] {
  const listed = witnesses.flatMap(({ aborted }) => aborted);
  const within = listed.filter(({ txid }) => txid > from && txid <= to);
  const byTxid = new Map(within.map(({ epoch, txid }) => [txid, { epoch, txid, commit: false }]));
  return [...byTxid.values()].sort((one, other) => one.txid - other.txid);
}

function samePrepared(holders: readonly (InDoubt | undefined)[]): boolean {
  const [first] = holders;
  return holders.every(
    (held) => held !== undefined && held.epoch === first?.epoch && held.crc === first.crc,
  );
}

function resolvedBySomebody(txid: TxId, members: readonly Status[]): boolean | undefined {
  const witness = members.find((status) => status.resolved.txid >= txid);
  if (witness === undefined) return undefined;
  return !witness.aborted.some((aborted) => aborted.txid === txid);
}

/** Of the transaction that ended under this number: 0 if none has, all if nobody remembers it. */
function endedEpoch(txid: TxId, outcomes: Outcomes, witnesses: readonly Status[]): number {
  const isDecided = txid <= outcomes.decidedTxid;
  const knowing = witnesses.filter((status) => status.resolved.txid >= txid);
  if (!isDecided && knowing.length === 0) return 0;
  const epochs = knowing.map(({ lineage }) => epochAt(lineage, txid));
  const known = [isDecided ? outcomes.epochAt(txid) : undefined, ...epochs].filter(
    (epoch) => epoch !== undefined,
  );
  return known.length === 0 ? Infinity : Math.max(...known);
}

function abortedEpoch(txid: TxId, members: readonly Status[]): number {
  for (const status of members) {
    const found = status.aborted.find((aborted) => aborted.txid === txid);
    if (found !== undefined) return found.epoch;
  }
  return 0;
}

function inDoubtAt(status: Status, txid: TxId): InDoubt | undefined {
  return status.inDoubt[txid - status.resolved.txid - 1];
}

function newestEpochAt(txid: TxId, members: readonly Status[]): number {
  return Math.max(0, ...members.map((status) => inDoubtAt(status, txid)?.epoch ?? 0));
}

function storeIdOf(status: Status): StoreId {
  return status.storeId;
}

export function lastPrepared(status: Status): TxId {
  return status.resolved.txid + status.inDoubt.length;
}

/** Of the last transaction that it has; 0 if it has none. */
export function lastEpoch({ inDoubt, lineage, resolved }: Status): number {
  return inDoubt.at(-1)?.epoch ?? epochAt(lineage, resolved.txid) ?? 0;
}
