/** Redis as a child of ours: a cache, so it keeps nothing on disk unless it is asked to. */
import { connect } from 'node:net';
import { commandFor } from './command.js';
import type { RedisProgram } from './redis-program.js';
import { ServerProcess, type Outlets } from './server-process.js';
import { until, type Starting } from './until.js';
import type { User } from './user.js';

/** It has nothing to load; a snapshot takes seconds. */
const READY_TIMEOUT_MS = 30_000;

/** Loopback answers in microseconds. */
const PING_TIMEOUT_MS = 1_000;

export interface RedisPlace {
  /** Absolute, and the user's own. */
  readonly directory: string;
  /** Shown to a container; holds `directory`. */
  readonly shared: string;
  readonly program: RedisProgram;
  readonly user: User | null;
}

export interface RedisAccess {
  readonly port: number;
  readonly password: string;
}

/** The text of its configuration; `settings` are further lines, which come last and win. */
export function redisConfiguration(
  { directory, program }: RedisPlace,
  { port, password }: RedisAccess,
  settings: readonly string[] = [],
): string {
  const lines = [
    `port ${port}`,
    // A container is reached from outside of it; the port is published on loopback only.
    ...(program.server.kind === 'image' ? [] : ['bind 127.0.0.1']),
    `requirepass ${password}`,
    `dir ${quoted(directory)}`,
    'daemonize no',
    'save ""',
    'appendonly no',
    ...settings,
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * Starts it on a port of 127.0.0.1. The configuration goes in by standard input: an argument would show the password
 * to everyone on this machine.
 */
export function startRedisProcess(
  place: RedisPlace,
  access: RedisAccess,
  name: string,
  outlets: Outlets,
  settings: readonly string[] = [],
): Promise<ServerProcess> {
  const { program, directory, shared, user } = place;
  const command = commandFor({
    program: program.server,
    args: ['-'],
    directory,
    shared,
    user,
    port: access.port,
    name,
    // Docker's client hands on every signal but this one.
    deathSignal: program.server.kind === 'image' ? 'SIGTERM' : 'SIGKILL',
  });
  return ServerProcess.start(command, { ...outlets, input: redisConfiguration(place, access, settings) });
}

/** The address, password included. */
export function redisUrl(port: number, password: string): string {
  return `redis://:${password}@127.0.0.1:${port}`;
}

/**
 * Waits until it answers.
 *
 * @throws EmbeddedError when it ends or takes longer than half a minute; the message holds what it said
 */
export async function untilRedisIsReady(server: Starting, port: number, password: string): Promise<void> {
  await until(() => answersPing(port, password), server, 'Redis', READY_TIMEOUT_MS);
}

function answersPing(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: PING_TIMEOUT_MS });
    let answer = '';
    const settle = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.setEncoding('utf8');
    socket.on('data', (text) => {
      answer += String(text);
      if (answer.includes('+PONG')) settle(true);
      else if (answer.includes('-')) settle(false);
    });
    for (const event of ['error', 'timeout', 'close']) socket.once(event, () => settle(false));
    socket.write(`AUTH ${password}\r\nPING\r\n`);
  });
}

/** A path as Redis' configuration reads it. */
function quoted(path: string): string {
  return `"${path.replace(/["\\]/g, '\\$&')}"`;
}
