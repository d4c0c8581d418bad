import { faultOfName, IDEMPOTENCY_KEY } from '../../domain/operands.js';
import {
  arityError,
  CommandError,
  NO_AUTH,
  NO_PASSWORD,
  syntaxError,
  unknownCommand,
  WRONG_PASS,
} from '../../wire/resp/command-error.js';
import { CLIENT_NAME, greeting, HELLO_WITHOUT_AUTH, helloIn, UNFIT_NAME } from '../../wire/resp/hello.js';
import { amountOf, int64Of, takenOf } from '../../wire/resp/integers.js';
import {
  array,
  bulk,
  error,
  integer,
  nothing,
  OK,
  PONG,
  type Protocol,
  simple,
  verbatim,
} from '../../wire/resp/reply.js';
import { textOf } from '../../wire/resp/text.js';
import { VERSION } from '../../wire/resp/version.js';
import { isSame } from '../local-key.js';
import type { Counted, Tally } from '../tally.js';

/** The other side of a connection. */
export class Caller {
  protocol: Protocol = 2;
  name = '';
  /** Whether it has shown the local key. */
  isIn = false;
  /** Whether it began what would have to be done at once, so that what belongs to it is not done alone. */
  isInMulti = false;
  /** Whether its connection ends with the next answer. */
  isLeaving = false;

  constructor(readonly id: number) {}
}

/** What a command comes down to. */
export type Step =
  | { readonly kind: 'told'; readonly answer: string }
  /** Answered when what came before it was counted. */
  | { readonly kind: 'look'; readonly answer: () => string }
  | { readonly kind: 'add'; readonly counted: Counted };

interface Command {
  /** Arguments, its own name included; negative: at least so many. */
  readonly arity: number;
  /** Whether it may come before AUTH. */
  readonly isOpen?: true;
  readonly plan: (args: readonly string[], caller: Caller) => Step;
}

const NEEDS_CONNECTION = 'NEEDSCONNECTION An edge only adds: ask the service that it delivers to.';
const IN_MULTI = 'NEEDSCONNECTION This belongs to a MULTI, which an edge cannot do: EXEC or DISCARD ends it.';

/** What the service has, and an edge cannot decide. */
const ELSEWHERE: ReadonlySet<string> = new Set(
  `set setnx setex psetex getset getdel getex mset msetnx strlen increx del unlink exists touch type ttl pttl expiretime
   pexpiretime expire pexpire expireat pexpireat persist scan keys randomkey dbsize flushall flushdb multi exec discard
   watch unwatch`.split(/\s+/),
);

const told = (answer: string): Step => ({ kind: 'told', answer });

/** The commands of the Redis protocol that can be decided where the truth is not. */
export class EdgeCommands {
  private readonly table: ReadonlyMap<string, Command>;

  /** @param localKey what callers must show; null: nothing */
  constructor(
    private readonly tally: Pick<Tally, 'read'>,
    private readonly localKey: string | null,
  ) {
    const adding = (arity: number, by: (amount: string) => number): Command => ({
      arity,
      plan: ([, name = '', amount = '']) => {
        const sum = by(amount);
        if (sum === 0) throw new CommandError('ERR an edge adds no 0');
        return { kind: 'add', counted: { name: nameOf(name), by: sum, key: null } };
      },
    });
    this.table = new Map<string, Command>([
      ['incr', adding(2, () => 1)],
      ['decr', adding(2, () => -1)],
      ['incrby', adding(3, amountOf)],
      ['decrby', adding(3, takenOf)],
      ['get', { arity: 2, plan: ([, name = ''], { protocol }) => this.look([name], ([only = '']) => only, protocol) }],
      ['mget', { arity: -2, plan: ([, ...names], { protocol }) => this.look(names, array, protocol) }],
      ['once', { arity: -4, plan: (args, caller) => this.once(args, caller) }],
      ['ping', { arity: -1, plan: ping }],
      ['echo', { arity: 2, plan: ([, message = '']) => told(bulk(message)) }],
      ['select', { arity: 2, plan: ([, index = '']) => told(int64Of(index) === 0n ? OK : OUT_OF_RANGE) }],
      ['client', { arity: -2, plan: ([, ...args], caller) => told(aboutClient(args, caller)) }],
      ['info', { arity: -1, plan: (_args, { protocol }) => told(verbatim(protocol, INFO)) }],
      ['auth', { arity: -2, isOpen: true, plan: (args, caller) => told(this.auth(args, caller)) }],
      ['hello', { arity: -1, isOpen: true, plan: (args, caller) => told(this.hello(args, caller)) }],
      ['reset', { arity: 1, isOpen: true, plan: (_args, caller) => told(reset(caller)) }],
      ['quit', { arity: -1, isOpen: true, plan: (_args, caller) => told(quit(caller)) }],
    ]);
  }

  /**
   * What is to be done.
   *
   * @throws CommandError
   */
  plan(args: readonly string[], caller: Caller): Step {
    const name = (args[0] ?? '').toLowerCase();
    const command = this.table.get(name);
    if (this.localKey !== null && !caller.isIn && command?.isOpen !== true) throw new CommandError(NO_AUTH);
    if (caller.isInMulti && command?.isOpen !== true) {
      caller.isInMulti = name !== 'exec' && name !== 'discard';
      throw new CommandError(IN_MULTI);
    }
    if (ELSEWHERE.has(name)) {
      caller.isInMulti = name === 'multi';
      throw new CommandError(NEEDS_CONNECTION);
    }
    if (command === undefined) throw new CommandError(unknownCommand(args));
    const { arity, plan } = command;
    if (arity >= 0 ? args.length !== arity : args.length < -arity) throw new CommandError(arityError(name));
    return plan(args, caller);
  }

  private look(args: readonly string[], answer: (values: readonly string[]) => string, protocol: Protocol): Step {
    const names = args.map(nameOf);
    const valueOf = (name: string): string => {
      const found = this.tally.read(name);
      return found === null ? nothing(protocol) : bulk(String(found.value));
    };
    return { kind: 'look', answer: () => answer(names.map(valueOf)) };
  }

  private once([, key = '', ...args]: readonly string[], caller: Caller): Step {
    if (!IDEMPOTENCY_KEY.test(key)) throw new CommandError('ERR invalid idempotency key');
    // Looking at others may do something, such as begin what MULTI begins.
    const name = args[0]?.toLowerCase() ?? '';
    if (!ADDING.has(name)) throw new CommandError(ELSEWHERE.has(name) ? NEEDS_CONNECTION : NO_ADDITION);
    const step = this.plan(args, caller);
    if (step.kind !== 'add') throw new CommandError(NO_ADDITION);
    return { kind: 'add', counted: { ...step.counted, key } };
  }

  private auth([, ...words]: readonly string[], caller: Caller): string {
    if (words.length > 2) syntaxError();
    if (this.localKey === null && words.length === 1) return error(NO_PASSWORD);
    this.letIn(words.at(-1) ?? '', caller);
    return OK;
  }

  private hello(args: readonly string[], caller: Caller): string {
    const { key, name, protocol } = helloIn(args);
    if (key !== null) this.letIn(key, caller);
    if (this.localKey !== null && !caller.isIn) throw new CommandError(HELLO_WITHOUT_AUTH);
    caller.protocol = protocol ?? caller.protocol;
    caller.name = name ?? caller.name;
    return greeting(caller.id, caller.protocol);
  }

  /** @throws CommandError */
  private letIn(key: string, caller: Caller): void {
    if (this.localKey === null) return;
    if (!isSame(Buffer.from(key, 'latin1'), Buffer.from(this.localKey))) throw new CommandError(WRONG_PASS);
    caller.isIn = true;
  }
}

/** What ONCE takes. */
const ADDING: ReadonlySet<string> = new Set(['incr', 'decr', 'incrby', 'decrby']);

const NO_ADDITION = 'ERR at an edge ONCE takes INCR, DECR, INCRBY and DECRBY';

const OUT_OF_RANGE = error('ERR DB index is out of range');

/** What clients look for before they begin. */
const INFO = ['# Server', `redis_version:${VERSION}`, 'redis_mode:standalone', 'server_name:evercount-edge', '']
  .concat(['# Persistence', 'loading:0', 'aof_enabled:1', '', '# Replication', 'role:master', ''])
  .join('\r\n');

/** @throws CommandError */
function ping([, message, ...more]: readonly string[]): Step {
  if (more.length > 0) throw new CommandError(arityError('ping'));
  return told(message === undefined ? PONG : bulk(message));
}

/** @throws CommandError */
function nameOf(arg: string): string {
  const name = textOf(arg);
  if (name === null || faultOfName(name) !== null) throw new CommandError('ERR invalid key');
  return name;
}

function aboutClient([subcommand = '', ...args]: readonly string[], caller: Caller): string {
  switch (subcommand.toUpperCase()) {
    case 'ID':
      return integer(caller.id);
    case 'GETNAME':
      return caller.name === '' ? nothing(caller.protocol) : bulk(caller.name);
    case 'SETNAME': {
      const [name = ''] = args;
      if (!CLIENT_NAME.test(name)) throw new CommandError(UNFIT_NAME);
      caller.name = name;
      return OK;
    }
    case 'SETINFO':
    case 'NO-EVICT':
    case 'NO-TOUCH':
      return OK;
    default:
      throw new CommandError('ERR unknown subcommand. An edge has ID, GETNAME, SETNAME, SETINFO, NO-EVICT, NO-TOUCH');
  }
}

function reset(caller: Caller): string {
  caller.protocol = 2;
  caller.name = '';
  caller.isIn = false;
  caller.isInMulti = false;
  return simple('RESET');
}

function quit(caller: Caller): string {
  caller.isLeaving = true;
  return OK;
}
