import { arityError, CommandError, syntaxError } from '../../wire/resp/command-error.js';
import { array, bulk, bulks, error, integer, map, nothing, type Protocol, set, simple } from '../../wire/resp/reply.js';
import { printable } from '../../wire/resp/request-parser.js';
import { type Command, told } from '../command.js';
import { ruleOf } from '../dispatch.js';
import { matcherOf } from '../glob.js';

/** COMMAND: what the table of commands says of itself. */
export function commandCommand(table: () => ReadonlyMap<string, Command>): Command {
  return {
    name: 'command',
    arity: -1,
    rule: 'ownRights',
    names: null,
    flags: ['loading', 'stale'],
    group: 'server',
    summary: 'Tells of the commands: COUNT, DOCS, INFO, LIST, GETKEYS.',
    syntax: '[subcommand [argument ...]]',
    plan: ([, subcommand, ...args], { client: { protocol } }) => {
      const commands = table();
      if (subcommand === undefined) {
        return told(array([...commands.values()].map((command) => infoOf(command, protocol))));
      }
      switch (subcommand.toUpperCase()) {
        case 'COUNT':
          if (args.length > 0) throw new CommandError(arityError('command|count'));
          return told(integer(commands.size));
        case 'INFO': {
          const names = args.length === 0 ? [...commands.keys()] : args;
          return told(array(names.map((name) => infoOrNone(commands.get(name.toLowerCase()), protocol))));
        }
        case 'DOCS': {
          const wanted =
            args.length === 0 ? [...commands.values()] : args.flatMap((name) => commands.get(name.toLowerCase()) ?? []);
          return told(
            map(
              protocol,
              wanted.map((command) => [command.name, docsOf(command, protocol)] as const),
            ),
          );
        }
        case 'LIST':
          return told(bulks(listed([...commands.keys()], args)));
        case 'GETKEYS':
          return told(keysIn(args, commands));
        case 'HELP':
          return told(
            bulks(['COMMAND <subcommand> [<arg> ...]. Subcommands are:', 'COUNT, DOCS, INFO, LIST, GETKEYS']),
          );
        default:
          return told(error(`ERR unknown subcommand '${printable(subcommand)}'. Try COMMAND HELP.`));
      }
    },
  };
}

function infoOrNone(command: Command | undefined, protocol: Protocol): string {
  return command === undefined ? nothing(protocol) : infoOf(command, protocol);
}

function infoOf(command: Command, protocol: Protocol): string {
  const { name, arity, flags, names } = command;
  const isWrite = flags.includes('write');
  const categories = [
    isWrite ? '@write' : flags.includes('readonly') ? '@read' : '@connection',
    flags.includes('fast') ? '@fast' : '@slow',
  ];
  return array([
    bulk(name),
    integer(arity),
    set(protocol, flags.map(simple)),
    integer(names?.first ?? 0),
    integer(names?.last ?? 0),
    integer(names?.step ?? 0),
    set(protocol, categories.map(simple)),
    array([]),
    array([]),
    array([]),
  ]);
}

function docsOf({ summary, group, syntax, differs }: Command, protocol: Protocol): string {
  const text = [summary, ...(differs === undefined ? [] : [differs])].join(' ');
  return map(protocol, [
    ['summary', bulk(Buffer.from(text).toString('latin1'))],
    ['since', bulk('1.0.0')],
    ['group', bulk(group)],
    [
      'arguments',
      array(
        syntax === ''
          ? []
          : [
              map(protocol, [
                ['name', bulk(syntax)],
                ['type', bulk('string')],
                ['display_text', bulk(syntax)],
              ]),
            ],
      ),
    ],
  ]);
}

/** @throws CommandError */
function listed(names: readonly string[], [filter, by, value, ...more]: readonly string[]): readonly string[] {
  if (filter === undefined) return names;
  if (filter.toUpperCase() !== 'FILTERBY' || value === undefined || more.length > 0) return syntaxError();
  switch ((by ?? '').toUpperCase()) {
    case 'PATTERN':
      return names.filter(matcherOf(value.toLowerCase()));
    case 'ACLCAT':
    case 'MODULE':
      return [];
    default:
      return syntaxError();
  }
}

/** @throws CommandError */
function keysIn([name = '', ...args]: readonly string[], commands: ReadonlyMap<string, Command>): string {
  if (args.length === 0) throw new CommandError(arityError('command|getkeys'));
  const command = commands.get(name.toLowerCase());
  if (command === undefined) throw new CommandError('ERR Invalid command specified');
  const { arity, names } = command;
  const count = args.length + 1;
  if (arity >= 0 ? count !== arity : count < -arity)
    throw new CommandError('ERR Invalid number of arguments specified for command');
  if (names === null || ruleOf(command, [name, ...args]) === null)
    throw new CommandError('ERR The command has no key arguments');
  const last = names.last < 0 ? count + names.last : names.last;
  const found: string[] = [];
  for (let place = names.first; place <= last; place += names.step) found.push(args[place - 1] ?? '');
  return bulks(found);
}
