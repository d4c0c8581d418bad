import { arityError, CommandError, syntaxError } from '../../wire/resp/command-error.js';
import { CLIENT_NAME, UNFIT_NAME } from '../../wire/resp/hello.js';
import { int64Of } from '../../wire/resp/integers.js';
import { bulk, bulks, error, integer, nothing, OK, PONG, simple, verbatim } from '../../wire/resp/reply.js';
import { printable } from '../../wire/resp/request-parser.js';
import type { Client } from '../client.js';
import type { Clients } from '../clients.js';
import { type Command, type Step, told } from '../command.js';

const FLAGS = ['noscript', 'loading', 'stale', 'fast'] as const;
const own = { rule: 'ownRights', names: null, flags: FLAGS, group: 'connection' } as const;

const CLIENT_TYPE = /^(?:normal|master|replica|slave|pubsub)$/i;
const NO_CLIENT_ID = 'ERR client-id should be greater than 0';

/** About the connection itself. */
export function connectionCommands(clients: Clients): readonly Command[] {
  return [
    {
      ...own,
      name: 'ping',
      arity: -1,
      summary: 'Answers PONG, or what it is given.',
      syntax: '[message]',
      plan: ([, message, ...more]) => {
        if (more.length > 0) return told(error(arityError('ping')));
        return told(message === undefined ? PONG : bulk(message));
      },
    },
    {
      ...own,
      name: 'echo',
      arity: 2,
      summary: 'Answers what it is given.',
      syntax: 'message',
      plan: ([, message = '']) => told(bulk(message)),
    },
    {
      ...own,
      name: 'select',
      arity: 2,
      summary: 'Takes 0 alone: there is one database.',
      syntax: 'index',
      plan: ([, index = '']) => told(int64Of(index) === 0n ? OK : error('ERR DB index is out of range')),
    },
    {
      ...own,
      name: 'quit',
      arity: -1,
      rule: 'open',
      flags: [...FLAGS, 'no_auth'],
      inMulti: 'now',
      summary: 'Closes the connection.',
      syntax: '',
      plan: (_args, { client }) => leaving(client),
    },
    {
      ...own,
      name: 'reset',
      arity: 1,
      rule: 'open',
      flags: [...FLAGS, 'no_auth'],
      inMulti: 'now',
      summary: 'Begins anew: RESP2, no transaction, no name, not let in.',
      syntax: '',
      plan: (_args, { client }) => ({
        kind: 'alone',
        run: () => {
          client.reset();
          return Promise.resolve(simple('RESET'));
        },
      }),
    },
    {
      ...own,
      name: 'client',
      arity: -2,
      summary: 'ID, GETNAME, SETNAME, SETINFO, INFO, LIST, KILL ID, NO-EVICT, NO-TOUCH.',
      differs: 'LIST and KILL ID know the connections that came with the same key, and no others.',
      syntax: 'subcommand [argument ...]',
      plan: (args, { client }) => told(aboutClient(args, client, clients)),
    },
  ];
}

function leaving(client: Client): Step {
  client.isLeaving = true;
  return told(OK);
}

function aboutClient([, subcommand = '', ...args]: readonly string[], client: Client, clients: Clients): string {
  const word = subcommand.toUpperCase();
  const takes = (count: number): void => {
    if (args.length !== count) throw new CommandError(arityError(`client|${subcommand.toLowerCase()}`));
  };
  switch (word) {
    case 'ID':
      takes(0);
      return integer(client.id);
    case 'GETNAME':
      takes(0);
      return client.name === '' ? nothing(client.protocol) : bulk(client.name);
    case 'SETNAME':
      takes(1);
      client.name = nameIn(args[0] ?? '', UNFIT_NAME);
      return OK;
    case 'SETINFO':
      takes(2);
      return setInfo(client, args[0] ?? '', args[1] ?? '');
    case 'INFO':
      takes(0);
      return verbatim(client.protocol, `${lineOf(client)}\n`);
    case 'LIST':
      return verbatim(client.protocol, listed(args, client, clients));
    case 'KILL':
      if (args.length === 0) throw new CommandError(arityError('client|kill'));
      return kill(args, client, clients);
    case 'NO-EVICT':
    case 'NO-TOUCH':
      takes(1);
      return /^(on|off)$/i.test(args[0] ?? '') ? OK : syntaxError();
    case 'HELP':
      return bulks([
        'CLIENT <subcommand> [<arg> ...]. Subcommands are:',
        'ID, GETNAME, SETNAME, SETINFO, INFO, LIST [TYPE type | ID id ...], KILL ID, NO-EVICT, NO-TOUCH',
      ]);
    default:
      throw new CommandError(`ERR unknown subcommand '${printable(subcommand)}'. Try CLIENT HELP.`);
  }
}

function setInfo(client: Client, attribute: string, value: string): string {
  switch (attribute.toLowerCase()) {
    case 'lib-name':
      client.libName = nameIn(value, 'ERR lib-name cannot contain spaces, newlines or special characters.');
      return OK;
    case 'lib-ver':
      client.libVersion = nameIn(value, 'ERR lib-ver cannot contain spaces, newlines or special characters.');
      return OK;
    default:
      throw new CommandError(`ERR Unrecognized option '${printable(attribute)}'`);
  }
}

function nameIn(text: string, fault: string): string {
  if (!CLIENT_NAME.test(text)) throw new CommandError(fault);
  return text;
}

/** @throws CommandError */
function listed([filter, ...values]: readonly string[], client: Client, clients: Clients): string {
  const wanted = filter === undefined ? () => true : filterIn(filter.toUpperCase(), values);
  return [...clients.ofKeyOf(client)].flatMap((one) => (wanted(one) ? [`${lineOf(one)}\n`] : [])).join('');
}

/** @throws CommandError */
function filterIn(filter: string, values: readonly string[]): (client: Client) => boolean {
  const [value] = values;
  if (filter === 'TYPE' && value !== undefined && values.length === 1) {
    if (!CLIENT_TYPE.test(value)) throw new CommandError(`ERR Unknown client type '${printable(value)}'`);
    // No others come here.
    return () => value.toLowerCase() === 'normal';
  }
  if (filter !== 'ID' || value === undefined) return syntaxError();
  const ids = new Set(values.map((id) => int64Of(id, 'ERR Invalid client ID')));
  return ({ id }) => ids.has(BigInt(id));
}

function kill([filter = '', id, ...more]: readonly string[], client: Client, clients: Clients): string {
  if (filter.toUpperCase() !== 'ID' || id === undefined || more.length > 0) return syntaxError();
  const wanted = int64Of(id, NO_CLIENT_ID);
  if (wanted < 1n) throw new CommandError(NO_CLIENT_ID);
  for (const other of clients.ofKeyOf(client)) {
    if (BigInt(other.id) !== wanted) continue;
    if (other === client) client.isLeaving = true;
    else other.hangUp();
    return integer(1);
  }
  return integer(0);
}

/** As Redis has it: clients look for each of its fields. What is not counted here is 0. */
function lineOf({
  id,
  ends,
  name,
  createdAtMs,
  lastAtMs,
  lastCommand,
  protocol,
  libName,
  libVersion,
  transaction,
  watched,
}: Client): string {
  const seconds = (sinceMs: number): number => Math.floor((performance.now() - sinceMs) / 1_000);
  const multi = transaction === null ? -1 : transaction.orders.length;
  return (
    `id=${id} addr=${ends.peer} laddr=${ends.local} fd=0 name=${name} age=${seconds(createdAtMs)} idle=${seconds(lastAtMs)} ` +
    `flags=${transaction === null ? 'N' : 'x'} db=0 sub=0 psub=0 ssub=0 multi=${multi} watch=${watched.size} qbuf=0 ` +
    'qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=0 events=r ' +
    `cmd=${lastCommand} user=default redir=-1 resp=${protocol} lib-name=${libName} lib-ver=${libVersion}`
  );
}
