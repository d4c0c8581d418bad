/** Where something listens: a host and a port. */

export const HIGHEST_PORT = 65_535;

/** A name, an IPv4 address, or an IPv6 address in brackets; then perhaps a port. */
const HOST = /^(?:\[(?<v6>[\da-f:.]+)\]|(?<name>[^:[\]\s]+))(?::(?<port>\d{1,5}))?$/i;

export interface Address {
  /** A name, or an address: one of IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** `host:port`, or without the port where there is a usual one; null for what is neither. */
export function addressOf(text: string, usualPort: number | null): Address | null {
  const found = HOST.exec(text)?.groups;
  const host = found?.['v6'] ?? found?.['name'];
  const port = found?.['port'] === undefined ? usualPort : Number(found['port']);
  if (host === undefined || port === null || port < 1 || port > HIGHEST_PORT) return null;
  return { host, port };
}

/** A host as it stands before a port, or in a URL: an address of IPv6 in brackets. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** A `host:port` that has none around an address of IPv6, as Redis writes it, with them. */
export function placeIn(text: string): string {
  const colon = text.lastIndexOf(':');
  return `${bracketed(text.slice(0, colon))}:${text.slice(colon + 1)}`;
}

/** `host:port`, an address of IPv6 in brackets. */
export function placeOf({ host, port }: Address): string {
  return `${bracketed(host)}:${port}`;
}
