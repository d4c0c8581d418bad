import { EVERYTHING, narrowed } from '../../access/grant.js';
import type { CountersService } from '../../counters/counters.service.js';
import type { Names } from '../../counters/reads/names.js';
import { OutcomeUnknown, Unavailable } from '../../domain/errors.js';
import { CommandError, syntaxError } from '../../wire/resp/command-error.js';
import { int64Of } from '../../wire/resp/integers.js';
import { array, bulk, bulks, EMPTY_ARRAY, error, integer, nothing, OK } from '../../wire/resp/reply.js';
import { printable } from '../../wire/resp/request-parser.js';
import { bytesOf, textOf } from '../../wire/resp/text.js';
import type { Client } from '../client.js';
import { type Command, told } from '../command.js';
import { literalPrefixOf, matcherOf } from '../glob.js';
import { MAX_KEYS, MAX_KEYS_LOOKED_AT } from '../limits.js';
import { asActor } from '../writes.js';

/** Names that a step of SCAN looks at where COUNT says nothing, and at most. */
const DEFAULT_COUNT = 10;
const MAX_COUNT = 1_000;

/** As Redis has it: cursors are unsigned integers of 64 bits. */
const MAX_CURSOR = 2n ** 64n - 1n;

/** Counters that FLUSHALL deletes at a time. */
const FLUSH_STEP = 1_000;

const FLUSH_REFUSED =
  'ERR counters are no cache, and are not flushed: RESP_FLUSH=delete and the scope admin let this delete them; the cache is flushed by POST /v1/admin/cache/flush';

const PARTLY_FLUSHED = 'Some of the counters may be deleted, and others are not.';

/** Which names there are. */
export function nameCommands(names: Names, counters: CountersService, flush: 'refuse' | 'delete'): readonly Command[] {
  const ALL = { names: null, inMulti: 'never' } as const;
  const flushing = (name: string): Command => ({
    ...ALL,
    name,
    arity: -1,
    rule: flush === 'delete' ? 'operate' : 'ownRights',
    flags: ['write'],
    group: 'keys',
    summary: 'Refused, unless RESP_FLUSH=delete: then it deletes all counters, step by step.',
    differs: 'It is refused by default, and never one commit.',
    syntax: '[ASYNC | SYNC]',
    plan: ([, mode, ...more], { client }) => {
      if (mode !== undefined && (!/^a?sync$/i.test(mode) || more.length > 0)) return syntaxError();
      if (flush === 'refuse') throw new CommandError(FLUSH_REFUSED);
      return { kind: 'alone', run: () => deleteAll(client) };
    },
  });

  async function deleteAll(client: Client): Promise<string> {
    const { requestId } = client;
    const actor = asActor(client);
    let isBegun = false;
    try {
      for (;;) {
        const { counters: page, hasMore } = await counters.list({ prefix: '', after: null, limit: FLUSH_STEP });
        const writes = page.map(({ name }) => {
          const operation = { kind: 'delete', name, condition: null } as const;
          return { operation, key: null, creator: null, requestId, actor };
        });
        const faults: unknown[] = [];
        for (const result of await counters.writeEach(writes)) {
          if (result.status === 'rejected') faults.push(result.reason);
          isBegun ||= result.status === 'fulfilled' || !(result.reason instanceof Unavailable);
        }
        if (faults.length > 0) throw faults[0];
        if (!hasMore) return OK;
      }
    } catch (fault) {
      if (isBegun && fault instanceof Unavailable) throw new OutcomeUnknown(PARTLY_FLUSHED);
      throw fault;
    }
  }

  return [
    {
      ...ALL,
      name: 'dbsize',
      arity: 1,
      rule: 'read',
      flags: ['readonly', 'fast'],
      group: 'keys',
      summary: 'Answers how many counters there are, of those that the key may see.',
      differs: 'It looks at each of them.',
      syntax: '',
      plan: (_args, { client }) => ({ kind: 'alone', run: async () => integer(await names.count(prefixOf(client))) }),
    },
    {
      ...ALL,
      name: 'scan',
      arity: -2,
      rule: 'read',
      flags: ['readonly'],
      group: 'keys',
      summary: 'Walks through the names; any instance goes on where another one was.',
      syntax: 'cursor [MATCH pattern] [COUNT count] [TYPE type]',
      plan: ([, cursor = '', ...words], { client }) => {
        const from = placeIn(cursor);
        const { isWanted, count } = scanOptionsIn(words);
        return {
          kind: 'alone',
          run: async () => {
            const step = await names.step(from, count, prefixOf(client));
            const found = step.names.map(bytesOf).filter(isWanted);
            return array([bulk(String(step.next)), bulks(found)]);
          },
        };
      },
    },
    {
      ...ALL,
      name: 'keys',
      arity: 2,
      rule: 'read',
      flags: ['readonly'],
      group: 'keys',
      summary: `Answers the names that match, up to ${MAX_KEYS}.`,
      differs: 'Past a limit it is an error: SCAN walks through any number.',
      syntax: 'pattern',
      plan: ([, pattern = ''], { client }) => {
        // Half a character at its end is left to the pattern.
        const prefix = narrowed(client.grant ?? EVERYTHING, textOf(literalPrefixOf(pattern)) ?? '');
        if (prefix === null) return told(EMPTY_ARRAY);
        const matches = matcherOf(pattern);
        return {
          kind: 'alone',
          run: async () => {
            const bounds = { limit: MAX_KEYS, looks: MAX_KEYS_LOOKED_AT };
            const found = await names.matching(prefix, (name) => matches(bytesOf(name)), bounds);
            if (found === null) throw new CommandError('ERR these are too many names for KEYS, use SCAN');
            return bulks(found.map(bytesOf));
          },
        };
      },
    },
    {
      ...ALL,
      name: 'randomkey',
      arity: 1,
      rule: 'read',
      flags: ['readonly'],
      group: 'keys',
      summary: 'Answers the name of any counter.',
      differs: 'Not each is as likely as every other.',
      syntax: '',
      plan: (_args, { client }) => ({
        kind: 'alone',
        run: async () => {
          const name = await names.any(prefixOf(client));
          return name === null ? nothing(client.protocol) : bulk(bytesOf(name));
        },
      }),
    },
    flushing('flushall'),
    flushing('flushdb'),
    ...(flush === 'delete' ? [FUNCTION] : []),
  ];
}

/** There are none. Redis' own tests begin with it, and they flush anyway. */
const FUNCTION: Command = {
  name: 'function',
  arity: -2,
  rule: 'operate',
  names: null,
  flags: ['write'],
  group: 'server',
  summary: 'FLUSH alone, with RESP_FLUSH=delete: there are no functions.',
  syntax: 'FLUSH',
  plan: ([, subcommand = '']) =>
    subcommand.toUpperCase() === 'FLUSH'
      ? told(OK)
      : told(error(`ERR unknown subcommand '${printable(subcommand)}'. Try FUNCTION HELP.`)),
};

function prefixOf({ grant }: Client): string {
  return grant?.prefix ?? '';
}

/** @throws CommandError for what is no unsigned integer of 64 bits */
function placeIn(cursor: string): number {
  if (!/^\d{1,20}$/.test(cursor) || BigInt(cursor) > MAX_CURSOR) throw new CommandError('ERR invalid cursor');
  // Beyond the last place there is nothing.
  return Math.min(Number(cursor), Number.MAX_SAFE_INTEGER);
}

/** @throws CommandError */
function scanOptionsIn(words: readonly string[]): { isWanted: (name: string) => boolean; count: number } {
  let matches: (name: string) => boolean = () => true;
  let [isString, count] = [true, DEFAULT_COUNT];
  for (let at = 0; at < words.length; at += 2) {
    const [word = '', value] = [words[at], words[at + 1]];
    if (value === undefined) return syntaxError();
    switch (word.toUpperCase()) {
      case 'MATCH':
        matches = matcherOf(value);
        break;
      case 'COUNT': {
        const wanted = int64Of(value);
        if (wanted < 1n) return syntaxError();
        count = wanted > MAX_COUNT ? MAX_COUNT : Number(wanted);
        break;
      }
      case 'TYPE':
        isString = value.toLowerCase() === 'string';
        break;
      default:
        return syntaxError();
    }
  }
  return { isWanted: (name) => isString && matches(name), count };
}
