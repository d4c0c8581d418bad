/** A client in the middle of its work while a service ends. */
import { Agent } from 'node:http';
import { send } from './http.js';

export interface Increments {
  readonly acknowledged: number;
  readonly errors: readonly unknown[];
}

/** Increments one after the other on one kept connection, until it is told to close; counts what was acknowledged. */
export async function incrementUntilClosed(url: string, name: string): Promise<Increments> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const errors: unknown[] = [];
  let acknowledged = 0;
  for (let open = true; open;) {
    try {
      const { status, headers } = await send(url, 'POST', `/v1/counters/${name}/increment`, { agent });
      if (status === 200) acknowledged += 1;
      else errors.push(status);
      open = headers['connection'] !== 'close';
    } catch (error) {
      errors.push(error);
      open = false;
    }
  }
  agent.destroy();
  return { acknowledged, errors };
}
