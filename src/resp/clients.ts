import { randomInt } from 'node:crypto';
import type { Client } from './client.js';

/** Connections of one process until its ids could meet those of another one. */
const IDS_OF_PROCESS = 2 ** 20;

/** Those who are connected. */
export class Clients {
  private readonly open = new Map<number, Client>();
  /** Workers and instances stand behind one address: an id that one of them told must not be another connection there. */
  private lastId = randomInt(2 ** 31) * IDS_OF_PROCESS;

  nextId(): number {
    this.lastId += 1;
    return this.lastId;
  }

  add(client: Client): void {
    this.open.set(client.id, client);
  }

  remove(client: Client): void {
    this.open.delete(client.id);
  }

  get count(): number {
    return this.open.size;
  }

  /** Those that came with the same key, the one who asks included: nobody is shown to anybody else. */
  *ofKeyOf(client: Client): Generator<Client> {
    for (const other of this.open.values()) if (keyOf(other) === keyOf(client)) yield other;
  }
}

function keyOf({ credential, grant }: Client): string | null {
  return credential === null ? null : (grant?.keyId ?? null);
}
