/** Several servers of one database in one URL, as libpq has it: `postgres://u:p@h1:5432,h2:5433/db?…`. */

/** More are no cluster any more; each costs a connection of every instance. */
const MOST_HOSTS = 16;

const DEFAULT_PORT = 5432;
const HIGHEST_PORT = 65_535;

/** The parts of a URL around its hosts. */
const PARTS = /^(?<before>postgres(?:ql)?:\/\/(?:[^/?#]*@)?)(?<hosts>[^/?#@]*)(?<after>[/?#].*)?$/;

/** A name, an IPv4 address, or an IPv6 address in brackets; then perhaps a port. */
const HOST = /^(?:\[[\da-f:.]+\]|[^:[\]\s]+)(?::(?<port>\d{1,5}))?$/i;

/** What asks for the server that takes writes, in libpq's words. */
const PRIMARY = ['read-write', 'primary'];

/**
 * The URLs that a URL stands for, one for each of its hosts, with the same user, database and parameters.
 *
 * @throws DatabaseHostsFault
 */
export function databaseHosts(url: string): readonly [string, ...string[]] {
  const { before = '', hosts = '', after = '' } = PARTS.exec(url)?.groups ?? {};
  const [path = '', query = ''] = after.split(/\?(.*)/s, 2);
  const parameters = new URLSearchParams(query);
  const attributes = parameters.get('target_session_attrs') ?? 'any';
  const [first = '', ...others] = hosts.split(',');
  if (parameters.getAll('host').some((host) => host.includes(','))) {
    throw new DatabaseHostsFault('several hosts before the name of the database, not as a parameter');
  }
  if (![...PRIMARY, 'any'].includes(attributes)) {
    throw new DatabaseHostsFault('target_session_attrs=read-write or primary: no standby can be counted on');
  }
  if (others.length === 0) return [attributes === 'any' ? url : urlOf(first)];
  if (!PRIMARY.includes(attributes)) {
    throw new DatabaseHostsFault('?target_session_attrs=read-write beside several hosts');
  }
  if (others.length >= MOST_HOSTS) throw new DatabaseHostsFault(`at most ${MOST_HOSTS} hosts`);
  const names = [first, ...others].map(nameOf);
  if (new Set(names).size < names.length) throw new DatabaseHostsFault('each host once');
  return [urlOf(first), ...others.map(urlOf)];

  function urlOf(host: string): string {
    // Of libpq's parameters this one alone is ours: pg knows no several hosts.
    const rest = query.split('&').filter((parameter) => !parameter.startsWith('target_session_attrs='));
    return `${before}${host}${path}${rest.join('&') === '' ? '' : `?${rest.join('&')}`}`;
  }
}

function nameOf(host: string): string {
  const found = HOST.exec(host);
  const port = Number(found?.groups?.['port'] ?? DEFAULT_PORT);
  if (found === null || port < 1 || port > HIGHEST_PORT) {
    throw new DatabaseHostsFault('between commas a host, or host:port, as in h1:5432,h2:5433');
  }
  return `${host.toLowerCase().replace(/:\d+$/, '')}:${port}`;
}

/** What such a URL takes instead, for "… takes" before it. */
export class DatabaseHostsFault extends Error {
  override readonly name = 'DatabaseHostsFault';
}
