/**
 * Every limit that more than one part must agree on, with the reason for its size. Relations
 * between them are asserted when the module loads.
 */
import { assert } from './assert.js';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Payloads above this are staged in pieces first, so that no frame holds up what is behind it. */
export const INLINE_PAYLOAD_BYTES = 1 * MIB;

/**
 * Requests and answers up to here, a value of 1 MB with its key and what goes with them, are given
 * their time once, from the arrival on; larger ones get it anew with every step of progress.
 */
export const PROMPT_BYTES = 1 * MIB + 128 * KIB;

/** One slice of a staged payload, of a large value on its way to a reader, or of a delta. */
export const PIECE_BYTES = 512 * KIB;

/** Unanswered bytes of one staged payload on one connection. */
export const PIECE_WINDOW_BYTES = 4 * MIB;

/** Unanswered slices of one large value. */
export const READ_WINDOW_PIECES = 4;

/** Large answers that a member keeps open at once for one connection; one more is refused. */
export const MAX_OPEN_READS = 1024;

/** Questions about the store that one member is asked at once: less, as it keeps given up ones. */
export const MAX_QUESTIONS = MAX_OPEN_READS / 2;

/** No setting allows a longer value: one of more bytes was never written. */
export const MAX_STORED_VALUE_BYTES = 512 * MIB;

/**
 * Values of one answer together, which the coordinator holds whole before it passes it on. A client
 * may name one large value many times in one command, so what is stored bounds nothing.
 */
export const MAX_ANSWER_BYTES = 4096 * MIB;

/** Client commands in one transaction, and the payload at which a batch is closed. */
export const BATCH_COMMANDS = 1024;
export const BATCH_BYTES = 512 * KIB;

/** Transactions that are prepared and not yet decided; a member lags behind another by so many. */
export const MAX_IN_FLIGHT = 3;

/**
 * Records of the coordinator that are not on its disk, and for how long none may have got there
 * while some wait: beyond either no transaction is begun. Its log is a witness of what was
 * committed, and must not fall far behind what clients were told.
 */
export const MAX_UNSYNCED_RECORDS = 1000;
export const MAX_UNSYNCED_MS = 1000;

/**
 * A batch goes out beside others that are under way once it has either. A smaller one waits for
 * them and grows meanwhile: it would only add a sync and a message at every member. So the small
 * commands of some hundred clients share one transaction.
 */
export const COMPANION_COMMANDS = 512;
export const COMPANION_BYTES = 64 * KIB;

/** Where the newest batch under way takes so long, by a slow disk or network, fewer do. */
export const COMPANION_PATIENCE_MS = 10;
export const LATE_COMPANION_COMMANDS = 64;

/** So many waiting reads are worth a question to a member that owes an answer. */
export const COMPANION_READS = 64;

/**
 * Aborted transactions that a process remembers by name; must cover every possible in-doubt list.
 */
export const REMEMBERED_ABORTS = 1024;

/** Epochs of which a process remembers where their transactions begin. */
export const REMEMBERED_LINEAGE = 64;

/** Outcomes that `TXSTATUS` can tell before it says `forgotten`. */
export const REMEMBERED_OUTCOMES = 100_000;

/** Most a participant's delta answer carries in one frame. */
export const DELTA_BYTES = 1 * MIB;

/**
 * A delta is parsed and applied in one turn, so it also ends behind so many commands, a transaction
 * counted as one more: some 10 ms of work for a process that has just loaded its store.
 */
export const DELTA_COMMANDS = 1000;

/**
 * The first one behind so many, each next one behind twice as many: in a process that has just
 * started, and compiles as it goes, a command takes several times as long.
 */
export const FIRST_DELTA_COMMANDS = 250;

/** Snapshot frames asked for and not yet stored at a joiner. */
export const FRAME_WINDOW = 4;

assert(PIECE_BYTES <= INLINE_PAYLOAD_BYTES, 'a piece fits where an inline payload does');
assert(BATCH_BYTES <= INLINE_PAYLOAD_BYTES, 'an ordinary batch is never staged');
assert(COMPANION_BYTES <= BATCH_BYTES, 'a batch that is enough fits in one');
assert(REMEMBERED_ABORTS > 2 * MAX_IN_FLIGHT, 'what one member doubts another can name');
