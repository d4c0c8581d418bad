/** Streams of one instance. Each costs a connection and some ten kilobytes; more belong on another instance. */
export const MAX_STREAMS = 2_000;

/** Names in one request; far more than a page can show. */
export const MAX_NAMES = 1_000;

/** Prefixes in one request; each is a page of the truth. */
export const MAX_PREFIXES = 5;

/** Counters of each prefix in a snapshot, the first by name. Their changes are told of all. */
export const MAX_SNAPSHOT_OF_PREFIX = 1_000;

/** Names that all streams of an instance watch together: 40 statements for one look at all of them. */
export const MAX_WATCHED_NAMES = 20_000;

/** Prefixes that all streams of an instance watch together. */
export const MAX_WATCHED_PREFIXES = 32;

/** Counters that are remembered because of a prefix, the latest changed: some 25 MB at most. */
export const MAX_REMEMBERED = 50_000;

/** Written and not yet taken by the client, beside a snapshot; whoever is that far behind is dropped. */
export const MAX_BUFFERED_BYTES = 256 * 1024;

/** A counter is told of once in this time, so 4 times a second; the first change after a pause at once. */
export const TICK_MS = 250;

/**
 * Streams that are sent a snapshot at one tick, each up to a millisecond of work: after a failover all are, and the rest
 * of the service must not wait for it. All streams an instance may have are done in some seconds.
 */
export const MAX_BEGINNINGS = 200;

/** Proxies end connections that are silent for a minute, some for half of one. */
export const HEARTBEAT_MS = 15_000;

/** When a client whose stream ended comes back: spread out, so that not all come at once. */
export const RETRY_MS = 1_000;
export const RETRY_JITTER_MS = 2_000;
