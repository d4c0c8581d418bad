/** Bodies of one counter are some bytes; this leaves room for any formatting. */
export const BODY_BYTES = 16 * 1024;

/** 1000 items, each with a name and a key of 255 bytes, and room for escapes. */
const BATCH_BODY_BYTES = 1024 * 1024;

/** The configuration of a route that takes a batch. */
export const BATCH_BODY = { bodyBytes: BATCH_BODY_BYTES } as const;

/**
 * Each of 1000 items with a name and a key of which every character is escaped. It is no question of taste: the same is sent
 * until it is taken.
 */
const DELIVERY_BODY_BYTES = 1_536 * 1024;

/** The same of what an edge delivers, compressed as well; so large it may be read. */
export const DELIVERY_BODY = { bodyBytes: DELIVERY_BODY_BYTES, takesGzip: true } as const;

/** Characters, decoded: far above 255 bytes, so that a name a little too long is told so by the check of names. */
export const MAX_PARAM_LENGTH = 3 * 255;

/** Request line and headers: a name, a key and cookies of a neighbour fit; a flood does not. Bytes. */
export const MAX_HEADER_BYTES = 8 * 1024;

/** A client that has not sent its headers by then is not going to. */
export const HEADERS_TIMEOUT_MS = 10_000;

/** A whole batch over a slow line takes some seconds. */
export const REQUEST_TIMEOUT_MS = 15_000;

/** How often the two timeouts are looked at; Node's 30 s would make them three times as long. */
export const TIMEOUT_CHECK_MS = 1_000;

/** Longer than the idle time of common load balancers (60 s), which must be the ones to close. */
export const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/** Enough for a page and its files. A stranger who holds connections loses them soon; a known caller keeps its own. */
export const STRANGER_KEEP_ALIVE_MS = 5_000;

/** A client that took no byte in so many looks in a row is not going to; one in a tunnel comes back before. */
export const STALLED_LOOKS = 20;

/** How often connections are looked at. */
export const STALL_CHECK_MS = 1_000;

/** After so many a connection is made anew, so that old ones spread over instances that were added. */
export const MAX_REQUESTS_PER_CONNECTION = 100_000;

/**
 * Connections that wait to be accepted, as when all clients come back at once. Of more than Node's 511 the rest would wait
 * for seconds, and some be reset. The system may allow fewer: net.core.somaxconn.
 */
export const ACCEPT_BACKLOG = 4_096;

/** Of a port that only probes and Prometheus know. */
export const MAX_HEALTH_CONNECTIONS = 100;

/**
 * Requests that a connection may send before their answers, where callers are limited. Clients and proxies send one, some a
 * few; of what Node reads at once, the rest is a thousand requests that would be begun before anybody else's.
 */
export const MAX_REQUESTS_IN_A_ROW = 16;

/** Whoever sent more takes no new connection for so long, nor does anybody else at its address. */
export const HASTY_PAUSE_MS = 10_000;

/** A connection that is refused is closed so late: it is not made anew before. */
export const LINGER_MS = 1_000;

/** So many of them, some 10 KB each; more are closed at once. */
export const MAX_LINGERING = 1_000;
