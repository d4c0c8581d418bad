import type { LatestNews } from '../counters/happenings/latest-news.js';
import type { NewsItem } from '../domain/happening.js';
import type { EventStream } from './event-stream.js';

/** The streams that are told what happens to the service; only while there are some is it looked for. */
export class NewsWatchers {
  private readonly streams = new Set<EventStream>();

  /** @param tell sends one thing that happened to all of them */
  constructor(
    private readonly news: LatestNews,
    private readonly tell: (item: NewsItem, streams: ReadonlySet<EventStream>) => void,
  ) {}

  add(stream: EventStream): void {
    this.streams.add(stream);
    if (this.streams.size > 1) return;
    this.news.listen((items) => {
      for (const item of items) this.tell(item, this.streams);
    });
  }

  remove(stream: EventStream): void {
    if (this.streams.delete(stream) && this.streams.size === 0) this.news.stop();
  }
}
