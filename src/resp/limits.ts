/** Names that KEYS answers. */
export const MAX_KEYS = 10_000;

/** Names that KEYS looks at for them: about a second of Postgres. */
export const MAX_KEYS_LOOKED_AT = 100_000;
