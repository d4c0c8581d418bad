import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** One server-sent event, as the service writes it: a name, and JSON on one line. */
export interface ServiceEvent {
  readonly event: string;
  readonly data: unknown;
}

/** The events of a stream, until it ends or breaks; `onLine` is told of each line, heartbeats included. */
export async function* eventsOf(stream: Readable, onLine: () => void): AsyncGenerator<ServiceEvent, void, undefined> {
  let event = '';
  try {
    for await (const line of createInterface(stream)) {
      onLine();
      if (line.startsWith('event: ')) event = line.slice('event: '.length);
      if (line.startsWith('data: ')) yield { event, data: JSON.parse(line.slice('data: '.length)) as unknown };
    }
  } catch {
    // Whoever reads it connects again, as after an end.
  } finally {
    stream.destroy();
  }
}
