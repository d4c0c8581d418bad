import type { Entry } from '../../cache/entry.js';
import { counterJson, isCounter, type Truth } from '../../domain/counter.js';

/** A counter that changed, as those who watch it are told. */
export interface Change {
  readonly name: string;
  readonly version: number;
  /** The counter's JSON, or `{"name", "deleted": true, "version"}`. */
  readonly json: string;
  readonly deleted: boolean;
}

/** What is told of a truth that was just committed. */
export function changeOf(truth: Truth): Change {
  const { name, version } = truth;
  return isCounter(truth) ? { name, version, json: counterJson(truth), deleted: false } : absence(name, version);
}

/** The same, of what was found in the cache. */
export function changeOfEntry(name: string, { version, json }: Entry): Change {
  return json === null ? absence(name, version) : { name, version, json, deleted: false };
}

function absence(name: string, version: number): Change {
  return { name, version, json: `{"name":${JSON.stringify(name)},"deleted":true,"version":${version}}`, deleted: true };
}

/** Who tells of changes of which data: instances that share a Redis need not share a Postgres. */
export interface Sender {
  /** Which data: see the guard. */
  readonly database: string;
  readonly instance: string;
}

/** A message to other instances: its sender, then a line for each change. */
export function messageOf({ database, instance }: Sender, changes: readonly Change[]): string {
  return `${database}\n${instance}\n${changes.map(({ json }) => json).join('\n')}`;
}

/** The changes in a message of another instance about the same data; none in any other message. */
export function changesIn(message: string, own: Sender): Change[] {
  const [database, instance, ...lines] = message.split('\n');
  if (database !== own.database || instance === own.instance) return [];
  try {
    return lines.map(changeInLine);
  } catch {
    // Anybody may write to a channel.
    return [];
  }
}

function changeInLine(json: string): Change {
  const read: unknown = JSON.parse(json);
  const isChange = typeof read === 'object' && read !== null && 'name' in read && 'version' in read;
  if (!isChange || typeof read.name !== 'string' || typeof read.version !== 'number') {
    throw new SyntaxError('not a change');
  }
  return { name: read.name, version: read.version, json, deleted: 'deleted' in read };
}
