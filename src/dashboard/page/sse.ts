/** One event of a stream of server-sent events. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

/**
 * Takes a stream of server-sent events apart. EventSource does it too, but tells no status, and so neither a missing
 * key nor a missing stream from a broken connection.
 */
export class EventReader {
  private rest = '';
  private event = '';
  private data: string[] = [];

  constructor(private readonly emit: (event: StreamEvent) => void) {}

  /** @param text the next piece, which may end anywhere */
  push(text: string): void {
    const lines = (this.rest + text).split(/\r\n|\n/);
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.take(line);
  }

  private take(line: string): void {
    if (line === '') {
      if (this.data.length > 0)
        this.emit({ event: this.event === '' ? 'message' : this.event, data: this.data.join('\n') });
      this.event = '';
      this.data = [];
      return;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.event = value;
    else if (field === 'data') this.data.push(value);
  }
}
