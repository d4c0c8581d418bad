import type { FastifyRequest } from 'fastify';
import type { Grant } from '../../access/grant.js';
import { holdName, prefixWithin } from '../../access/rules.js';
import { memberOf } from '../bodies/member.js';
import { refuse } from '../problems/problem.js';

/**
 * Holds the name in the path to the prefix of the key.
 *
 * @throws Forbidden
 */
export function holdPath(grant: Grant, { params }: FastifyRequest): void {
  holdIfName(grant, (params as { name?: unknown }).name);
}

/**
 * Holds a body to the prefix of the key. What is not in the shape it should be has no effect: it is refused afterwards.
 *
 * @param list the member of the body that lists names, or increments
 * @throws Forbidden
 */
export function holdBody(grant: Grant, body: unknown, list: 'names' | 'increments'): void {
  for (const item of itemsOf(body, list)) holdIfName(grant, list === 'names' ? item : memberOf(item, 'name'));
}

function holdIfName(grant: Grant, name: unknown): void {
  if (typeof name === 'string') holdName(grant, name);
}

/** The list in a body; empty where there is none. */
export function itemsOf(body: unknown, list: 'names' | 'increments'): readonly unknown[] {
  const items = memberOf(body, list);
  return Array.isArray(items) ? items : [];
}

/**
 * Holds `name` and `prefix` in the query to the prefix of the key. The query is written anew, for every reader of it:
 * a wider prefix, or none where no name is asked for, becomes that of the key.
 *
 * @throws Forbidden
 * @throws ProblemError `invalid_request`
 */
export function holdQuery(grant: Grant, request: FastifyRequest): void {
  const url = request.raw.url ?? '';
  const at = url.indexOf('?');
  const path = at === -1 ? url : url.slice(0, at);
  const query = at === -1 ? '' : url.slice(at + 1);
  // What is no UTF-8 would be written anew as another character, and no longer be what was asked for.
  if (!isReadable(query)) refuse('The query is not valid percent-encoded UTF-8.');
  const asked = new URLSearchParams(query);
  const held = new URLSearchParams();
  for (const [parameter, value] of asked) {
    if (parameter === 'name') holdName(grant, value);
    held.append(parameter, parameter === 'prefix' ? prefixWithin(grant, value) : value);
  }
  if (!asked.has('name') && !asked.has('prefix')) held.append('prefix', prefixWithin(grant, ''));
  request.raw.url = `${path}?${held.toString()}`;
  request.query = queryOf(held);
}

function isReadable(query: string): boolean {
  try {
    decodeURIComponent(query);
    return true;
  } catch {
    return false;
  }
}

/** As Fastify reads a query: what is there more than once is a list. */
function queryOf(parameters: URLSearchParams): Record<string, string | string[]> {
  const query = Object.create(null) as Record<string, string | string[]>;
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name);
    query[name] = values.length === 1 ? (values[0] ?? '') : values;
  }
  return query;
}
