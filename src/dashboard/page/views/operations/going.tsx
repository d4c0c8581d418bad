import { useEffect, useState } from 'preact/hooks';
import { Choice } from '../../parts/choice.js';
import { useLoad } from '../../parts/use-load.js';
import { api } from '../../service/api.js';
import { feed } from '../../service/live-feed.js';
import type { News, Timeline } from '../../service/shapes.js';
import { instant, number, timeOfDay } from '../../text/format.js';
import { gradeOf, sentenceOf } from '../../text/news.js';
import { usePages } from '../../parts/use-pages.js';
import { Lane, type Measure } from './lane.js';

/** Each instance tells every two seconds. */
const RELOAD_MS = 2_000;
const SLOW_RELOAD_MS = 30_000;

const SPANS = ['5m', '15m', '1h', '6h', '24h'] as const;
type Span = (typeof SPANS)[number];
const SPAN_LABELS: Readonly<Record<Span, string>> = {
  '5m': '5 min',
  '15m': '15 min',
  '1h': '1 h',
  '6h': '6 h',
  '24h': '24 h',
};
const SPAN_OPTIONS = SPANS.map((each) => [each, SPAN_LABELS[each]] as const);

/** As many digits as tell something. */
const brief = (value: number): string => (value > 0 && value < 10 ? value.toFixed(1) : number(Math.round(value)));
const ms = (value: number): string => `${brief(value)} ms`;
const rate = (value: number): string => `${brief(value)} /s`;

const MEASURES: readonly Measure[] = [
  {
    label: 'Reads from the cache',
    of: ({ hits, unverified }) => hits + unverified,
    also: { label: 'past it', of: ({ misses, bypasses }) => misses + bypasses },
    text: rate,
  },
  {
    label: 'Writes',
    of: ({ increments, otherWrites }) => increments + otherWrites,
    also: { label: 'failed', of: ({ failures }) => failures },
    text: rate,
  },
  { label: 'Commit', of: ({ commitMs }) => commitMs, also: { label: 'p99', of: (at) => at.commitP99Ms }, text: ms },
  { label: 'Publish', of: ({ publishMs }) => publishMs, also: { label: 'p99', of: (at) => at.publishP99Ms }, text: ms },
  { label: 'Writes that wait', of: ({ queue }) => queue, also: null, text: number },
  {
    label: 'Instances',
    of: ({ instances }) => instances,
    also: { label: 'serving from the cache', of: ({ serving }) => serving },
    text: number,
  },
];

/** How things go, with marks where something happened, and what that was in words. */
export function Going() {
  const [span, setSpan] = useState<Span>('5m');
  const { answer, fault, reload } = useLoad(async () => ({ span, timeline: await api.timeline(span) }), [span], {
    everyMs: span === '5m' || span === '15m' ? RELOAD_MS : SLOW_RELOAD_MS,
  });
  const timeline = answer?.span === span ? answer.timeline : null;
  const latest = feed.news.value[0]?.id;
  useEffect(reload, [latest, reload]);
  return (
    <section class="going" aria-labelledby="section-going">
      <div class="tools">
        <h2 id="section-going">How it goes</h2>
        <Choice legend="How far back" name="span" options={SPAN_OPTIONS} chosen={span} onChoose={setSpan} />
      </div>
      {timeline === null ? (
        <p class="quiet" role="status">
          {fault === null ? 'Loading' : fault.message}
        </p>
      ) : (
        <Lanes timeline={timeline} />
      )}
      <Log />
    </section>
  );
}

function Lanes({ timeline }: { readonly timeline: Timeline }) {
  return (
    <>
      <div class="lanes">
        {MEASURES.map((measure) => (
          <Lane key={measure.label} measure={measure} timeline={timeline} />
        ))}
      </div>
      <p class="edges quiet">
        <span>{timeOfDay(new Date(timeline.from))}</span>
        <span>{timeOfDay(new Date(timeline.to))}</span>
      </p>
    </>
  );
}

/** What happened, kept in Postgres; what comes in while one looks stands first at once. */
function Log() {
  const { items, hasMore, more, fault } = usePages((cursor) => api.events(cursor), [], SLOW_RELOAD_MS);
  const known = new Set((items ?? []).map(({ id }) => id));
  const all = [...feed.news.value.filter(({ id }) => !known.has(id)), ...(items ?? [])];
  return (
    <>
      <h3>What happened</h3>
      {items === null && <p class="quiet">{fault === null ? 'Loading' : fault.message}</p>}
      {items !== null && all.length === 0 && <p class="quiet">Nothing yet: no flush, no failover, no sign-in.</p>}
      <ol class="log events" tabIndex={0} aria-label="What happened">
        {all.map((item) => (
          <Line key={item.id} item={item} />
        ))}
      </ol>
      {hasMore && (
        <button type="button" class="more" onClick={more}>
          Show more
        </button>
      )}
    </>
  );
}

function Line({ item }: { readonly item: News }) {
  return (
    <li data-grade={gradeOf(item.kind)}>
      <time dateTime={item.at}>{instant(item.at)}</time>
      <span>{sentenceOf(item)}</span>
    </li>
  );
}
