/** What an examination found out about one thing. */
export interface Finding {
  readonly check: string;
  /** `bad`: the service does not start, or breaks its promise; `hint`: it works, and could do better. */
  readonly verdict: 'good' | 'hint' | 'bad';
  readonly found: string;
  /** What to do about it; null where nothing is to be done. */
  readonly remedy: string | null;
}

export function good(check: string, found: string): Finding {
  return { check, verdict: 'good', found, remedy: null };
}

export function hint(check: string, found: string, remedy: string): Finding {
  return { check, verdict: 'hint', found, remedy };
}

export function bad(check: string, found: string, remedy: string): Finding {
  return { check, verdict: 'bad', found, remedy };
}
