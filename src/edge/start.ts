import type { AddressInfo } from 'node:net';
import type { EdgeSettings } from '../config/edge.js';
import { ACCEPT_BACKLOG } from '../web/connections/limits.js';
import type { CourierClock } from './courier.js';
import { Edge } from './edge.js';
import { metersOf, textOf } from './metrics.js';
import { edgeServer } from './server.js';

export interface RunningEdge {
  readonly edge: Edge;
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts an edge: it counts from now on, and delivers whenever it can.
 *
 * @throws EdgeFileFault
 */
export async function startEdge(
  settings: EdgeSettings,
  say: (line: string) => void,
  clock?: CourierClock,
): Promise<RunningEdge> {
  const edge = Edge.open(settings, say, clock);
  try {
    const meters = metersOf(edge);
    const { host, port } = settings;
    const server = edgeServer(edge, settings, () => textOf(meters)).adapter.getInstance();
    await server.listen({ host, port, backlog: ACCEPT_BACKLOG });
    edge.courier.start();
    const { port: taken } = server.server.address() as AddressInfo;
    const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
    return {
      edge,
      url: `http://${shown.includes(':') ? `[${shown}]` : shown}:${taken}`,
      close: async () => {
        await server.close();
        await edge.close();
      },
    };
  } catch (error) {
    await edge.close();
    throw error;
  }
}
