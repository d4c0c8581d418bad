/**
 * Whether a page of this origin may use the session of a browser for more than looking. By its host alone: behind a
 * proxy the service does not know whether it was called by https.
 *
 * @param origin the header `Origin`, which browsers send with every request that is more than looking
 * @param host the header `Host`, or what a trusted proxy says it was
 */
export function isOwnOrigin(origin: string | undefined, host: string): boolean {
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
