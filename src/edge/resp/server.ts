import type { Server } from '../../web/server.js';
import type { Line } from '../../wire/line.js';
import { LineServer } from '../../wire/line-server.js';
import type { Edge } from '../edge.js';
import { MAX_CONNECTIONS } from '../server.js';
import { Caller, EdgeCommands } from './commands.js';
import { EdgeTalk } from './talk.js';

/**
 * The Redis protocol at an edge: the commands that only add, and those that read.
 *
 * @param localKey what callers must show; null: nothing
 * @param shares of each address, over all ports
 */
export function respServer({ tally, counting }: Edge, localKey: string | null, shares: Server['shares']): LineServer {
  const commands = new EdgeCommands(tally, localKey);
  let lastId = 0;
  const talkOn = (line: Line): EdgeTalk => {
    lastId += 1;
    return new EdgeTalk(line, new Caller(lastId), commands, counting);
  };
  return new LineServer(shares, MAX_CONNECTIONS, talkOn, null);
}
