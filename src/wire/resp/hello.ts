import { CommandError } from './command-error.js';
import { array, bulk, integer, map, type Protocol } from './reply.js';
import { VERSION } from './version.js';

/** What a client may call itself. */
export const CLIENT_NAME = /^[!-~]*$/;
export const UNFIT_NAME = 'ERR Client names cannot contain spaces, newlines or special characters.';

export const HELLO_WITHOUT_AUTH =
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time';

/** What a client wishes for by HELLO; null: it said nothing of it. */
export interface Hello {
  readonly protocol: Protocol | null;
  /** Of AUTH; of whatever user. */
  readonly key: string | null;
  readonly name: string | null;
}

/** @throws CommandError */
export function helloIn([, version, ...options]: readonly string[]): Hello {
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
      if (!CLIENT_NAME.test(name)) throw new CommandError(UNFIT_NAME);
      at += 1;
    } else {
      throw new CommandError(`ERR Syntax error in HELLO option '${/^[!-~]*$/.test(option) ? options[at] : '?'}'`);
    }
  }
  return { protocol: version === '3' ? 3 : 2, key: key ?? null, name: name ?? null };
}

/** The answer to HELLO. */
export function greeting(id: number, protocol: Protocol): string {
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
