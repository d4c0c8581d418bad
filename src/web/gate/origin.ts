/** The dot that ends a name which is complete; with it or without, it is the same name. */
const TRAILING_DOT = /\.$/;

/**
 * Whether a page of this origin is one of the service's own. By its host alone: behind a proxy the service does not know
 * whether it was called by https. Case, a default port and the dot at the end of a name make no difference.
 *
 * @param origin the header `Origin`, which browsers send with every request that is more than looking
 * @param host the header `Host`, or what a trusted proxy says it was
 */
export function isOwnOrigin(origin: string | undefined, host: string): boolean {
  if (origin === undefined || !URL.canParse(origin)) return false;
  const page = new URL(origin);
  if (page.protocol !== 'http:' && page.protocol !== 'https:') return false;
  // Read as the same kind of address, so that the port which that kind may leave out is left out of both.
  const own = `${page.protocol}//${host}`;
  return URL.canParse(own) && placeOf(new URL(own)) === placeOf(page);
}

function placeOf({ hostname, port }: URL): string {
  return `${hostname.replace(TRAILING_DOT, '')}:${port}`;
}
