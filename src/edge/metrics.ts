import { type Meter, Meters, readingsOf } from '../meters/meters.js';
import type { Edge } from './edge.js';

/** What Prometheus is told of an edge. */
export function metersOf(edge: Edge): Meters {
  const { counting, courier, refusals } = edge;
  const meter = (kind: 'gauge' | 'counter', name: string, help: string, read: () => number): Meter => {
    return { kind, name: `evercount_edge_${name}`, help, read };
  };
  const meters = new Meters();
  meters.add(
    meter('counter', 'increments_total', 'Increments kept since the start', () => counting.kept.increments),
    meter('counter', 'commits_total', 'Writes to the disk for them', () => counting.kept.groups),
    meter('counter', 'deliveries_total', 'Deliveries settled since the start', () => courier.settled.deliveries),
    meter('counter', 'delivered_items_total', 'Items settled since the start', () => courier.settled.items),
    meter('counter', 'delivered_bytes_total', 'Bytes sent of them', () => courier.settled.bytes),
    meter('gauge', 'waiting_increments', 'Increments that wait', () => edge.status.waiting.increments),
    meter('gauge', 'waiting_items', 'Items in which they will be delivered', () => edge.status.waiting.items),
    meter('gauge', 'file_bytes', 'Size of the file', () => edge.file.bytes),
    meter('gauge', 'failures', 'Tries that failed since upstream answered last', () => courier.contact.failures),
    meter('gauge', 'stopped', '1 where somebody must decide, see "evercount edge status"', () =>
      edge.file.row.state === 'open' ? 0 : 1,
    ),
    {
      kind: 'gauge',
      name: 'evercount_edge_refused_items',
      help: 'Items that upstream refused, and on which nobody has decided',
      labels: ['code'],
      read: () => readingsOf('code', Object.fromEntries(refusals.totals.map(({ code, items }) => [code, items]))),
    },
  );
  return meters;
}

/** The text format of Prometheus. */
export async function textOf(meters: Meters): Promise<string> {
  const lines: string[] = [];
  for (const meter of meters.all) {
    if (meter.kind === 'histogram') continue;
    const { name, help, kind } = meter;
    const read = await meter.read();
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`);
    for (const { labels, value } of typeof read === 'number' ? [{ labels: {}, value: read }] : read) {
      const pairs = Object.entries(labels).map(([label, text]) => `${label}=${JSON.stringify(text)}`);
      lines.push(`${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
