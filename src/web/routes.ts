import { NotFoundException } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ProblemError } from './problems/problem.js';

interface Path {
  /** As Fastify writes it: `/v1/counters/:name`. */
  readonly url: string;
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

/** The route that answers preflights, of whatever path. */
export const PREFLIGHTS = '*';

/** A name is one part of the path; some write its slashes as they are. */
const SLASH_IN_NAME = /^(?:\/[^/]+)*?\/v1\/counters\/[^/]+\/./;

/** Which paths there are and which methods they take: so that a wrong method is told from an unknown path. */
export class Routes {
  private readonly paths = new Map<string, Path>();

  /** To be called for each route, by Fastify's `onRoute`. */
  add(url: string, methods: string | readonly string[]): void {
    let path = this.paths.get(url);
    if (path === undefined) {
      path = { url, pattern: patternOf(url), methods: new Set() };
      this.paths.set(url, path);
    }
    for (const method of [methods].flat()) path.methods.add(method);
  }

  /** Every route as `METHOD /path`, sorted. */
  list(): string[] {
    return [...this.paths.values()]
      .flatMap(({ url, methods }) => [...methods].map((method) => `${method} ${url}`))
      .sort();
  }

  /** Whether an error says that no route took the request. */
  isUnknown(error: unknown, request: FastifyRequest): boolean {
    if (error instanceof ProblemError) return false;
    if (error instanceof NotFoundException) {
      return request.is404 || error.message === `Cannot ${request.method} ${request.raw.url ?? ''}`;
    }
    return error instanceof Error && 'code' in error && error.code === 'FST_ERR_NOT_FOUND';
  }

  /** What is wrong with a request that no route took: its method, or its path. */
  problemOf(request: FastifyRequest): ProblemError {
    const [path = ''] = (request.raw.url ?? '').split('?', 1);
    const methods = new Set<string>();
    for (const known of this.paths.values()) {
      // It answers for all paths there are, and makes none of those that are not.
      if (known.url !== PREFLIGHTS && known.pattern.test(path)) for (const method of known.methods) methods.add(method);
    }
    if (methods.size === 0) {
      const hint = SLASH_IN_NAME.test(path) ? ' In the name of a counter, a slash is written %2F.' : '';
      return new ProblemError('not_found', `There is nothing at this path.${hint}`);
    }
    const allow = [...methods].sort().join(', ');
    return new ProblemError('method_not_allowed', `This path takes ${allow}.`, { allow });
  }
}

function patternOf(url: string): RegExp {
  const source = url
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part === '*' ? '.*' : part.replace(/[^\w-]/g, '\\$&')))
    .join('/');
  return new RegExp(`^${source}$`);
}
