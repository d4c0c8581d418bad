import type { FastifyRequest } from 'fastify';
import type { AccessSettings, HttpSettings } from '../../config/config.js';
import { AllowedHosts } from './allowed-hosts.js';
import { ProblemError } from '../problems/problem.js';
import { isOwnOrigin } from './origin.js';
import { bringsSession } from './session-cookie.js';

/** They change nothing. `OPTIONS` asks what may be done, before it is done. */
const LOOKING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Asked by machines that know an address and no name; they tell nothing of any counter. */
const PROBE = /^\/(?:livez|readyz)(?:\?|$)/;

/** A key as this service makes them. No page can make a browser send one without asking first, by a preflight. */
const OWN_KEY = /^bearer +ec_/i;

/**
 * Keeps the pages of other sites out. A browser sends what they ask it to send, from inside of the network it is in and
 * with the cookies it has, and only the answer is kept from them: for a call that counts, that is too late.
 */
export class ForeignPages {
  private readonly hosts: AllowedHosts;
  private readonly origins: ReadonlySet<string>;
  private readonly asksForKeys: boolean;

  constructor(
    { allowedHosts, corsOrigins }: Pick<HttpSettings, 'allowedHosts' | 'corsOrigins'>,
    { auth }: Pick<AccessSettings, 'auth'>,
  ) {
    this.hosts = new AllowedHosts(auth, allowedHosts);
    this.origins = new Set(corsOrigins);
    this.asksForKeys = auth === 'required';
  }

  /**
   * To be asked of every request, before anything else is done with it.
   *
   * @throws ProblemError `misdirected` for a `Host` that is not this service's, `forbidden` for a call from another
   * site's page
   */
  refuse(request: FastifyRequest): void {
    if (!this.hosts.isAny && !this.isNamed(request)) {
      throw new ProblemError(
        'misdirected',
        'The Host header names no host of this service: ALLOWED_HOSTS in its settings lists them.',
      );
    }
    if (LOOKING.has(request.method) || this.mayCall(request)) return;
    throw new ProblemError('forbidden', 'This call comes from the page of another site, which may not make it.');
  }

  private isNamed(request: FastifyRequest): boolean {
    const { host = '' } = request.raw.headers;
    // What a proxy says beside is held to the same: it may only pass on what a page made the browser say.
    if (this.hosts.has(host) && (request.host === host || this.hosts.has(request.host))) return true;
    return (request.method === 'GET' || request.method === 'HEAD') && PROBE.test(request.raw.url ?? '');
  }

  private mayCall(request: FastifyRequest): boolean {
    const { origin, 'sec-fetch-site': site, authorization } = request.raw.headers;
    if (origin === undefined && site === undefined) return true;
    // A key decides for itself which pages may use it; a session beside it may not be what they use.
    if (this.asksForKeys && OWN_KEY.test(authorization ?? '') && !bringsSession(request)) return true;
    if (origin !== undefined) return this.origins.has(origin) || isOwnOrigin(origin, request.host);
    return site !== 'cross-site' && site !== 'same-site';
  }
}
