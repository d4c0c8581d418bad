/** Where the service answers what the page asks first; without anything else, since the script in the head is to be small. */

/** Of a list by name: more than a screen shows, and little enough to be there at once. */
export const PAGE = 120;

/**
 * Where the service is mounted, without a slash at the end. Made of the origin, so that a name and a password in the address
 * of the page are left out: calls to an address that has them are refused by browsers.
 *
 * @param script the address of a script of the page: they lie in a folder below
 */
export const baseOf = (script: string): string => location.origin + new URL('..', script).pathname.replace(/\/$/, '');

export const query = (parameters: Readonly<Record<string, string | number | null>>): string => {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== '');
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  return given.length === 0 ? '' : `?${search.toString()}`;
};

export const SESSION_PATH = '/v1/session';

export const counterPath = (name: string): string => `/v1/counters/${encodeURIComponent(name)}`;

export const summaryPath = (prefix: string): string => `/v1/summary${query({ prefix })}`;

export interface WantedCounters {
  readonly prefix: string;
  readonly search?: string;
  readonly limit: number;
  readonly cursor: string | null;
}

export const countersPath = ({ prefix, search = '', limit, cursor }: WantedCounters): string =>
  `/v1/counters${query({ prefix, search, limit, cursor })}`;
