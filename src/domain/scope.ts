/**
 * What a key may do: add to counters and nothing else, see them, change them, or operate the service. None implies another,
 * but what may change counters may add to them.
 */
export const SCOPES = ['increment', 'read', 'write', 'admin'] as const;

export type Scope = (typeof SCOPES)[number];
