/** With what somebody asks to be let in. */
export interface Credential {
  /** A key, or the secret of a session. */
  readonly text: string;
  readonly isSession: boolean;
}
