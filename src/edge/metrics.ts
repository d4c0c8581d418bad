import { type NumberMeter, readingsOf } from '../meters/meters.js';
import { numberText } from '../meters/text-format.js';
import type { Edge } from './edge.js';

/** What Prometheus is told of an edge, in its text format. */
export async function metricsOf(edge: Edge): Promise<string> {
  const texts = await Promise.all(metersOf(edge).map(numberText));
  return `${texts.join('\n')}\n`;
}

function metersOf(edge: Edge): readonly NumberMeter[] {
  const { counting, courier, refusals } = edge;
  const meter = (kind: 'gauge' | 'counter', name: string, help: string, read: () => number): NumberMeter => {
    return { kind, name: `evercount_edge_${name}`, help, read };
  };
  return [
    meter('counter', 'increments_total', 'Increments kept since the start', () => counting.kept.increments),
    meter('counter', 'commits_total', 'Writes to the disk for them', () => counting.kept.groups),
    meter('counter', 'deliveries_total', 'Deliveries settled since the start', () => courier.settled.deliveries),
    meter('counter', 'delivered_items_total', 'Items settled since the start', () => courier.settled.items),
    meter('counter', 'delivered_bytes_total', 'Bytes sent of them', () => courier.settled.bytes),
    meter('gauge', 'waiting_increments', 'Increments that wait', () => edge.status.waiting.increments),
    meter('gauge', 'waiting_items', 'Items in which they will be delivered', () => edge.status.waiting.items),
    meter('gauge', 'file_bytes', 'Size of the file', () => edge.file.bytes),
    meter('gauge', 'failures', 'Tries that failed since upstream answered last', () => courier.contact.failures),
    meter('gauge', 'disk_refuses', '1 where the disk takes nothing: what is counted is refused', () =>
      edge.file.disk === null ? 0 : 1,
    ),
    meter('gauge', 'stopped', '1 where somebody must decide, see "evercount edge status"', () =>
      edge.file.row.state === 'open' ? 0 : 1,
    ),
    {
      kind: 'gauge',
      name: 'evercount_edge_refused_items',
      help: 'Items that upstream refused, and on which nobody has decided',
      read: () => readingsOf('code', Object.fromEntries(refusals.totals.map(({ code, items }) => [code, items]))),
    },
  ];
}
