import { Injectable } from '@nestjs/common';
import { Meters } from '../meters/meters.js';
import { MAX_STREAMS } from './limits.js';
import { StreamHub } from './stream-hub.js';

/** Says how many streams there are, and what becomes of them. */
@Injectable()
export class StreamMeters {
  constructor(meters: Meters, hub: StreamHub) {
    meters.add(
      { kind: 'gauge', name: 'evercount_streams_open', help: 'Streams that are open', read: () => hub.open },
      {
        kind: 'gauge',
        name: 'evercount_streams_limit',
        help: 'Streams that may be open at once; one more is refused',
        read: () => MAX_STREAMS,
      },
      {
        kind: 'counter',
        name: 'evercount_streams_dropped_total',
        help: 'Streams that were dropped because their clients did not keep up',
        read: () => hub.dropped,
      },
      {
        kind: 'counter',
        name: 'evercount_stream_events_total',
        help: 'Events of streams, each counted once however many streams it went to',
        read: () => hub.events,
      },
      {
        kind: 'gauge',
        name: 'evercount_stream_counters',
        help: 'Counters that are remembered for streams',
        read: () => hub.watched,
      },
    );
  }
}
