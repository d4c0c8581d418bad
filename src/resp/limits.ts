/** Names that KEYS answers. */
export const MAX_KEYS = 10_000;

/** Names that KEYS looks at for them: about a second of Postgres. */
export const MAX_KEYS_LOOKED_AT = 100_000;

/** Commands of one transaction. */
export const MAX_COMMANDS = 1_000;

/** Names of all its commands together, and names that are watched: a tenth of a second under the locks of their rows. */
export const MAX_NAMES = 10_000;
