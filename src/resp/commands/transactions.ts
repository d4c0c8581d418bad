import { error, noArray, OK } from '../../wire/resp/reply.js';
import type { Client } from '../client.js';
import { ALL_NAMES, type Command, type Step, told } from '../command.js';
import type { Ordered } from '../dispatch.js';
import { MAX_NAMES } from '../limits.js';
import { OpenTransaction } from '../transaction.js';

export const EXEC = 'exec';
export const WATCH = 'watch';

const EXEC_ABORT = 'EXECABORT Transaction discarded because of previous errors.';

/** In a pipeline nobody sees that WATCH failed before EXEC is on its way. */
const WATCH_LOST = 'EXECABORT Transaction discarded because of: a WATCH that failed.';

const TOO_MANY_WATCHED = `ERR too many names are watched, at most ${MAX_NAMES} are taken`;

/** What is told of an EXEC that was refused. @param answer why, as an answer */
export function abortedBy(answer: string): string {
  return error(`EXECABORT Transaction discarded because of: ${answer.trim().replace(/^-(ERR )?/, '')}`);
}

const own = {
  arity: 1,
  rule: 'ownRights',
  names: null,
  flags: ['noscript', 'loading', 'stale', 'fast'],
  group: 'transactions',
  inMulti: 'now',
  syntax: '',
} as const;

/** What is asked of whoever does what was queued; null: a watched counter has changed. */
export type Execute = (client: Client, orders: readonly Ordered[]) => Promise<string | null>;

/** Several commands in one commit. @param execute does what was queued */
export function transactionCommands(execute: Execute): readonly Command[] {
  return [
    {
      ...own,
      name: 'multi',
      summary: 'Begins a transaction: what follows is queued until EXEC.',
      plan: (_args, { client }) => {
        if (client.transaction !== null) return told(error('ERR MULTI calls can not be nested'));
        client.transaction = new OpenTransaction();
        return told(OK);
      },
    },
    {
      ...own,
      name: EXEC,
      summary: 'Does what was queued in one commit: all of it is in the truth, or nothing.',
      differs: 'Whoever reads several counters outside of it sees no snapshot.',
      plan: (_args, { client }) => alone(() => exec(client)),
    },
    {
      ...own,
      name: 'discard',
      summary: 'Forgets what was queued, and what is watched.',
      plan: (_args, { client }) =>
        alone(() => {
          if (client.transaction === null) return error('ERR DISCARD without MULTI');
          client.endTransaction();
          return OK;
        }),
    },
    {
      ...own,
      name: WATCH,
      arity: -2,
      rule: 'read',
      names: ALL_NAMES,
      summary: 'Has the next EXEC do nothing if one of the counters changes before it.',
      syntax: 'key [key ...]',
      plan: (_args, { client, names }) => {
        if (client.transaction !== null) return told(error('ERR WATCH inside MULTI is not allowed'));
        return {
          kind: 'read',
          names,
          answer: (readings) => {
            // Of a pipeline all are planned before the first one is answered.
            if (client.watched.size + names.length > MAX_NAMES) {
              client.isWatchLost = true;
              return error(TOO_MANY_WATCHED);
            }
            readings.forEach(({ version }, index) => {
              const name = names[index] ?? '';
              // What was watched before must not have changed since then.
              if (!client.watched.has(name)) client.watched.set(name, version);
            });
            return OK;
          },
          failed: () => void (client.isWatchLost = true),
        };
      },
    },
    {
      ...own,
      name: 'unwatch',
      inMulti: undefined,
      summary: 'Forgets what is watched.',
      plan: (_args, { client }) =>
        alone(() => {
          client.unwatch();
          return OK;
        }),
    },
  ];

  async function exec(client: Client): Promise<string> {
    const { transaction } = client;
    if (transaction === null) return error('ERR EXEC without MULTI');
    try {
      if (transaction.isDoomed) return error(EXEC_ABORT);
      if (client.isWatchLost) return error(WATCH_LOST);
      return (await execute(client, transaction.orders)) ?? noArray(client.protocol);
    } finally {
      client.endTransaction();
    }
  }
}

function alone(work: () => string | Promise<string>): Step {
  return { kind: 'alone', run: async () => work() };
}
