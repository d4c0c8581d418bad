/**
 * Where the service is mounted, without a slash at the end: its parts lie in a folder below. Made of the origin, so that a
 * name and a password in the address of the page are left out: calls to an address that has them are refused by browsers.
 */
export const BASE = location.origin + new URL('..', import.meta.url).pathname.replace(/\/$/, '');
