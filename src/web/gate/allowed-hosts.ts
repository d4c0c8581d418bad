/** A `Host`: a name or an address, its trailing dot aside, and a port. */
const HOST = /^(\[[\da-f:.]+\]|[^\s:@/?#[\]]+?)\.?(?::(\d+))?$/i;

/** Names that lead to this machine whoever is asked for them: no page of others can be at one of them. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Which names this service may be called by. Where no key is asked for, whoever can make a browser take a name of theirs
 * for an address of ours (DNS rebinding) could otherwise read and change everything as a page of that name.
 */
export class AllowedHosts {
  private readonly allowed: ReadonlySet<string>;
  /** Whether every name will do. */
  readonly isAny: boolean;

  /** @param settings names and addresses in small letters, with a port where only that one will do */
  constructor(auth: 'off' | 'required', settings: readonly string[]) {
    this.allowed = new Set(settings);
    this.isAny = auth === 'required' && settings.length === 0;
  }

  /** @param host as the header `Host` has it; '' where there is none */
  has(host: string): boolean {
    if (this.isAny) return true;
    const found = HOST.exec(host);
    if (found === null) return false;
    const name = found[1]?.toLowerCase() ?? '';
    return LOOPBACK.test(name) || this.allowed.has(name) || this.allowed.has(`${name}:${found[2] ?? ''}`);
  }
}
