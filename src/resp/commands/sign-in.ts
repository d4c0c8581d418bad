import type { Admission } from '../../access/admission.js';
import { Unauthorized } from '../../access/errors.js';
import { EVERYTHING } from '../../access/grant.js';
import type { Client } from '../client.js';
import { type Command, CommandError, type Step, syntaxError, told } from '../command.js';
import { WRONG_PASS } from '../faults.js';
import { array, bulk, error, integer, map, OK, type Protocol } from '../reply.js';
import { VERSION } from '../version.js';

const NO_PASSWORD =
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?';

const NAME = /^[!-~]*$/;
export const UNFIT_NAME = 'ERR Client names cannot contain spaces, newlines or special characters.';

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
          return greeting(client);
        });
      },
    },
  ];
}

const HELLO_WITHOUT_AUTH =
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time';

/** @throws CommandError */
function helloIn([, version, ...options]: readonly string[]): {
  protocol: Protocol | null;
  key: string | null;
  name: string | null;
} {
  if (version === undefined) return { protocol: null, key: null, name: null };
  if (!/^-?\d{1,18}$/.test(version)) throw new CommandError('ERR Protocol version is not an integer or out of range');
  if (version !== '2' && version !== '3') throw new CommandError('NOPROTO unsupported protocol version');
  let [key, name]: (string | null)[] = [null, null];
  for (let at = 0; at < options.length; at += 1) {
    const option = (options[at] ?? '').toUpperCase();
    if (option === 'AUTH' && at + 2 < options.length) {
      key = options[at + 2] ?? null;
      at += 2;
    } else if (option === 'SETNAME' && at + 1 < options.length) {
      name = options[at + 1] ?? '';
      if (!NAME.test(name)) throw new CommandError(UNFIT_NAME);
      at += 1;
    } else {
      throw new CommandError(`ERR Syntax error in HELLO option '${/^[!-~]*$/.test(option) ? options[at] : '?'}'`);
    }
  }
  return { protocol: version === '3' ? 3 : 2, key: key ?? null, name: name ?? null };
}

function greeting({ id, protocol }: Client): string {
  return map(protocol, [
    ['server', bulk('redis')],
    ['version', bulk(VERSION)],
    ['proto', integer(protocol)],
    ['id', integer(id)],
    ['mode', bulk('standalone')],
    ['role', bulk('master')],
    ['modules', array([])],
  ]);
}
