/** Connections that wait to be accepted, as when all clients come back at once; the system may allow fewer. */
export const ACCEPT_BACKLOG = 4_096;

/** Commands of one connection that were accepted and are not answered; beyond it nothing is read from it. */
export const MAX_UNANSWERED = 10_000;

/** Their bytes, about: the largest command, and as much again. */
export const MAX_UNANSWERED_BYTES = 1024 * 1024;

/**
 * What a client did not take of its answers, bytes: a blocking client sends a whole pipeline before it reads, and its
 * answers are kept for so long. Past it the connection is closed.
 */
export const MAX_UNTAKEN_BYTES = 8 * 1024 * 1024;

/** The same of all connections together. */
export const MAX_UNTAKEN_BYTES_OF_ALL = 128 * 1024 * 1024;

/** A client that took no byte for so long is not going to: what is kept for it would be kept for ever. */
export const STALLED_MS = 30_000;

/** What comes behind the last answer is read and dropped for so long: who sends without an end is not going to hang up. */
export const DROPPED_MS = 2_000;

/** Half-open connections are found by the kernel: the first probe after so long. */
export const KEEP_ALIVE_MS = 60_000;

/** What was accepted is answered by then, or not at all: writes are answered within 3 s. */
export const DRAIN_MS = 4_000;

/** A client that has not finished its handshake by then is not going to. */
export const HANDSHAKE_MS = 10_000;
