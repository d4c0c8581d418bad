/** With what somebody asks to be let in. */
export interface Credential {
  /** A key, the secret of a session, or what opens a link. */
  readonly text: string;
  readonly isSession: boolean;
  /** Of a protocol in which links can be shown. */
  readonly isLink?: boolean;
}
