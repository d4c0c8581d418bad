import type { Deed, DeedState } from '../service/shapes.js';
import { instant, number } from './format.js';

/** What is written down of what was done, in a few words each. */
export const DEED_WORDS: Readonly<Record<string, string>> = {
  'counter.set': 'Counter set',
  'counter.reset': 'Counter reset',
  'counter.delete': 'Counter deleted',
  'counters.import': 'Counters imported',
  'counters.purge': 'Deleted counters purged',
  'cache.flush': 'Cache flushed',
  'cache.reconcile': 'Cache compared',
  'key.make': 'Key made',
  'key.change': 'Key changed',
  'key.rotate': 'Key rotated',
  'key.revoke': 'Key revoked',
  'session.begin': 'Signed in',
  'session.end': 'Signed out',
  'link.make': 'Link made',
  'link.revoke': 'Link revoked',
  'links.revoke': 'All links revoked',
};

/** Who acts without a key of its own. */
export const ACTOR_WORDS: Readonly<Record<string, string>> = {
  off: 'without a key',
  cli: 'the command line',
  service: 'the service itself',
  admin: 'the key of the configuration',
};

const VIA_WORDS: Readonly<Record<string, string>> = {
  http: 'HTTP',
  resp: 'Redis protocol',
  cli: 'command line',
  service: 'no request',
};

/** By which way it came, and from where. */
export const fromOf = ({ address, via }: Deed): string =>
  [address, VIA_WORDS[via] ?? via].filter((part) => part !== null).join(', ');

const isOfCounter = ({ action }: Deed): boolean => action.startsWith('counter.');

export const beforeOf = (deed: Deed): string =>
  stateText(deed.before, deed.after, isOfCounter(deed) ? 'not there' : '–');

export const afterOf = (deed: Deed): string => stateText(deed.after, deed.before, isOfCounter(deed) ? 'gone' : '–');

/** In the order in which they are told; what is not among them comes last. */
const MEMBER_WORDS: Readonly<Record<string, string>> = {
  value: '',
  min: 'lowest',
  max: 'highest',
  expiresAt: 'ends',
  prefix: 'names',
  perSecond: 'a second',
  maxNames: 'most names',
  revokedAt: 'revoked',
  rotatedAt: 'rotated',
  durationMs: 'milliseconds',
};

/** A value always; of the rest what is not as it was, or, where there was nothing, what is said at all. */
function stateText(state: DeedState, other: DeedState, none: string): string {
  if (state === null) return none;
  const told = Object.entries(state).filter(([name, value]) => {
    if (name === 'version') return false;
    if (name === 'value') return true;
    return other === null ? !isEmpty(value) : JSON.stringify(value) !== JSON.stringify(other[name]);
  });
  if (told.length === 0) return '–';
  return told
    .sort(([one], [another]) => placeOf(one) - placeOf(another))
    .map(([name, value]) => (name === 'value' ? partText(value) : `${MEMBER_WORDS[name] ?? name}: ${partText(value)}`))
    .join(', ');
}

const MEMBERS = Object.keys(MEMBER_WORDS);
const placeOf = (name: string): number => (MEMBERS.includes(name) ? MEMBERS.indexOf(name) : MEMBERS.length);

const isEmpty = (value: unknown): boolean =>
  value === null || value === '' || (Array.isArray(value) && value.length === 0);

function partText(value: unknown): string {
  if (isEmpty(value)) return 'none';
  if (typeof value === 'number') return number(value);
  if (typeof value === 'string') return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? instant(value) : value;
  return Array.isArray(value) ? value.map(partText).join(' ') : JSON.stringify(value);
}
