import { BadRequestException } from '@nestjs/common';
import { faultOfName, faultOfPrefix } from '../domain/operands.js';
import { MAX_NAMES, MAX_PREFIXES } from './limits.js';

/** What a client asked to watch; nothing in it comes twice. */
export interface Wanted {
  readonly names: ReadonlySet<string>;
  readonly prefixes: ReadonlySet<string>;
}

/**
 * Reads `name` and `prefix`, each as often as it is there, from the address of a request.
 *
 * @throws BadRequestException
 */
export function wantedOf(url: string): Wanted {
  const names = new Set<string>();
  const prefixes = new Set<string>();
  const at = url.indexOf('?');
  for (const pair of at === -1 ? [] : url.slice(at + 1).split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const value = decoded(equals === -1 ? '' : pair.slice(equals + 1));
    switch (equals === -1 ? pair : pair.slice(0, equals)) {
      case 'name': {
        const fault = faultOfName(value);
        if (fault !== null) throw new BadRequestException(`The query parameter "name" ${fault}.`);
        names.add(value);
        break;
      }
      case 'prefix':
        if (faultOfPrefix(value) !== null) {
          throw new BadRequestException('The query parameter "prefix" must be the beginning of a name.');
        }
        prefixes.add(value);
        break;
      default:
        throw new BadRequestException('The query has a parameter not known here.');
    }
  }
  if (names.size + prefixes.size === 0) {
    throw new BadRequestException('The query must have at least one "name" or "prefix".');
  }
  if (names.size > MAX_NAMES || prefixes.size > MAX_PREFIXES) {
    throw new BadRequestException(`There may be at most ${MAX_NAMES} names and ${MAX_PREFIXES} prefixes.`);
  }
  return { names, prefixes };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new BadRequestException('The query is not valid percent-encoded UTF-8.');
  }
}
