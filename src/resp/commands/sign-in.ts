import type { Admission } from '../../access/admission.js';
import { Unauthorized } from '../../access/errors.js';
import { EVERYTHING } from '../../access/grant.js';
import { CommandError, NO_PASSWORD, syntaxError, WRONG_PASS } from '../../wire/resp/command-error.js';
import { greeting, HELLO_WITHOUT_AUTH, helloIn } from '../../wire/resp/hello.js';
import { error, OK } from '../../wire/resp/reply.js';
import type { Client } from '../client.js';
import { type Command, type Step, told } from '../command.js';

/** How a client says who it is, and what it speaks. */
export function signInCommands(admission: Admission): readonly Command[] {
  /** @throws CommandError, AccessError */
  async function signIn(client: Client, key: string): Promise<void> {
    if (!admission.asksForKeys) return;
    const credential = { text: key, isSession: false };
    try {
      const known = admission.recall(credential, 'read', client.address);
      client.grant = known ?? (await admission.look(credential, 'read', client.address));
      client.credential = credential;
    } catch (fault) {
      if (fault instanceof Unauthorized) throw new CommandError(WRONG_PASS);
      throw fault;
    }
  }

  const alone = (work: () => Promise<string>): Step => ({ kind: 'alone', run: work });

  return [
    {
      name: 'auth',
      arity: -2,
      rule: 'open',
      names: null,
      flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth'],
      inMulti: 'never',
      group: 'connection',
      summary: 'Says who asks, by an API key.',
      differs: 'The password is an API key, `ec_…`; any user name will do.',
      syntax: '[username] key',
      plan: ([, ...words], { client }) => {
        const key = words.at(-1) ?? '';
        if (words.length > 2) return syntaxError();
        if (!admission.asksForKeys && words.length === 1) return told(error(NO_PASSWORD));
        return alone(async () => {
          await signIn(client, key);
          return OK;
        });
      },
    },
    {
      name: 'hello',
      arity: -1,
      rule: 'open',
      names: null,
      flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth'],
      inMulti: 'never',
      group: 'connection',
      summary: 'Chooses RESP2 or RESP3, and may say who asks.',
      syntax: '[protover [AUTH username key] [SETNAME clientname]]',
      plan: (args, { client }) => {
        const wish = helloIn(args);
        return alone(async () => {
          if (wish.key !== null) await signIn(client, wish.key);
          // Whoever is not let in is not told anything either.
          if (admission.asksForKeys && client.credential === null) throw new CommandError(HELLO_WITHOUT_AUTH);
          client.grant ??= EVERYTHING;
          client.protocol = wish.protocol ?? client.protocol;
          if (wish.name !== null) client.name = wish.name;
          return greeting(client.id, client.protocol);
        });
      },
    },
  ];
}
