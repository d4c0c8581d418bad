import type { Client } from './client.js';

/** Those who are connected. */
export class Clients {
  private readonly open = new Map<number, Client>();
  private lastId = 0;

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
