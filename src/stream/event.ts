/** Brings the end of a browser's wait before it connects again; its own default is some seconds. */
export function retryText(ms: number): string {
  return `retry: ${Math.round(ms)}\n`;
}

/** A comment: nothing that a client would see. */
export const HEARTBEAT = ': \n\n';

export type EventKind = 'snapshot' | 'change' | 'status' | 'happened' | 'bye';

/**
 * An event as `text/event-stream` has it.
 *
 * @param id a client that comes back names the last one it saw
 * @param data JSON, on one line
 */
export function eventText(event: EventKind, id: string, data: string): string {
  return `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`;
}
