import type { AddressInfo } from 'node:net';
import { bracketed, placeOf } from '../config/address.js';
import type { EdgeSettings } from '../config/edge.js';
import { ACCEPT_BACKLOG } from '../web/connections/limits.js';
import { refuseTakenPort } from '../web/connections/listening.js';
import type { CourierClock } from './courier.js';
import { Edge } from './edge.js';
import { metricsOf } from './metrics.js';
import { respServer } from './resp/server.js';
import { edgeServer } from './server.js';

export interface RunningEdge {
  readonly edge: Edge;
  readonly url: string;
  /** Of the Redis protocol; null: it is not spoken. */
  readonly respUrl: string | null;
  close(): Promise<void>;
}

/**
 * Starts an edge: it counts from now on, and delivers whenever it can.
 *
 * @throws EdgeFileFault
 * @throws ConfigError where a port is taken, or the host is not of this machine
 */
export async function startEdge(
  settings: EdgeSettings,
  say: (line: string) => void,
  clock?: CourierClock,
): Promise<RunningEdge> {
  const { host, port, respPort, localKey } = settings;
  await refuseTakenPort('PORT', host, port);
  if (respPort !== null) await refuseTakenPort('RESP_PORT', host, respPort);
  const edge = Edge.open(settings, say, clock);
  try {
    const { adapter, shares } = edgeServer(edge, settings, () => metricsOf(edge));
    const server = adapter.getInstance();
    await server.listen({ host, port, backlog: ACCEPT_BACKLOG });
    const resp = respPort === null ? null : respServer(edge, localKey, shares);
    try {
      await resp?.listen(host, respPort ?? 0);
    } catch (error) {
      await server.close();
      throw error;
    }
    edge.courier.start();
    const { port: taken } = server.server.address() as AddressInfo;
    const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
    return {
      edge,
      url: `http://${placeOf({ host: shown, port: taken })}`,
      respUrl: resp === null ? null : `redis://${bracketed(shown)}:${resp.port}`,
      close: async () => {
        await Promise.all([server.close(), resp?.drain()]);
        await edge.close();
      },
    };
  } catch (error) {
    await edge.close();
    throw error;
  }
}
