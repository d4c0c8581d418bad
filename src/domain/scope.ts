/** What a key may do: see, change, or operate the service. None implies another. */
export const SCOPES = ['read', 'write', 'admin'] as const;

export type Scope = (typeof SCOPES)[number];
