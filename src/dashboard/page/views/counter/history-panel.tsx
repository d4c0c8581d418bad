import { useCallback, useRef, useState } from 'preact/hooks';
import { Choice } from '../../parts/choice.js';
import type { Plot } from '../../parts/plot.js';
import { goTo, restate } from '../../place/address.js';
import { type CounterPlace, type Range, RANGES } from '../../place/route.js';
import type { ApiError } from '../../service/api.js';
import { csvOf, csvOfMany, download, fileNameOf } from '../../text/csv.js';
import { change, signedPercent } from '../../text/format.js';
import { Chart } from './chart.js';
import { Compared } from './compared.js';
import { Expectation } from './expectation.js';
import { RangeForm } from './range-form.js';
import { periodName, periodText, RANGE_LABELS } from './ranges.js';
import { Rows } from './rows.js';
import { type Told, useHistory } from './use-history.js';
import { useOutlook } from './use-outlook.js';

const RANGE_OPTIONS = [...RANGES.map((each) => [each, RANGE_LABELS[each]] as const), ['other', 'Other'] as const];
const DRAW_OPTIONS = [
  ['delta', 'Change'],
  ['value', 'Value'],
] as const;

/** A zoom into less would be one into a single interval. */
const SHORTEST_MS = 60_000;

interface Props {
  readonly place: CounterPlace;
  /** The value as it is now, which history may be some seconds behind. */
  readonly value: number | null;
  /** Null until it is known. */
  readonly createdAt: string | null;
  readonly generation: number;
}

/** The changes of one counter over time, beside others or the time before: as a chart, as a table, as files. */
export function HistoryPanel({ place, value, createdAt, generation }: Props) {
  const { range, from, to, draw, others, previous } = place;
  const { told, answered, fault } = useHistory(place, value, generation);
  const outlook = useOutlook(told, createdAt);
  const [open, setOpen] = useState(false);
  const [other, setOther] = useState(range === null);
  const plot = useRef<Plot | null>(null);
  const takePlot = useCallback((made: Plot | null) => void (plot.current = made), []);

  const choose = (next: Range | 'other') => {
    setOther(next === 'other');
    if (next !== 'other') restate({ ...place, range: next, from: null, to: null });
  };
  // Places of their own: the browser's back button leads out again.
  const show = (fromMs: number, toMs: number) => goTo({ ...place, range: null, from: fromMs, to: toMs });
  const zoom = (fromMs: number, toMs: number) => {
    if (toMs - fromMs > SHORTEST_MS) show(fromMs, toMs);
  };

  return (
    <section class="history" aria-label="History">
      <div class="tools">
        <Choice
          legend="Range"
          name="range"
          options={RANGE_OPTIONS}
          chosen={other || range === null ? 'other' : range}
          onChoose={choose}
        />
        <Choice
          legend="What is drawn"
          name="series"
          options={DRAW_OPTIONS}
          chosen={draw}
          onChoose={(next) => restate({ ...place, draw: next })}
        />
        {others.length === 0 && (
          <label class="check">
            <input
              type="checkbox"
              checked={previous}
              onChange={({ currentTarget }) => restate({ ...place, previous: currentTarget.checked })}
            />
            Period before
          </label>
        )}
        <Files place={place} told={told} png={async () => (await plot.current?.png()) ?? null} />
      </div>
      {(other || range === null) && <RangeForm from={from} to={to} onChoose={show} />}
      <Compared name={place.name} others={others} onChange={(next) => restate({ ...place, others: next })} />
      {told === null ? (
        <p class="quiet" role="status">
          {noteOf(answered, fault)}
        </p>
      ) : (
        <>
          <Sum told={told} place={place} />
          {outlook !== null && <Expectation told={told} outlook={outlook} />}
          <Chart told={told} draw={draw} outlook={outlook} onZoom={zoom} onPlot={takePlot} />
          <Rows told={told} outlook={outlook} open={open} onToggle={setOpen} />
        </>
      )}
    </section>
  );
}

/** What it came to, and how that compares. */
function Sum({ told, place }: { readonly told: Told; readonly place: CounterPlace }) {
  const [first] = told.counters;
  const all = (first?.points ?? []).reduce((sum, { delta }) => sum + delta, 0);
  return (
    <p class="total">
      {`${change(all)} ${periodText(place, told.tz)}`}
      {told.comparison !== null && (
        <span class="against" title={`Of whole intervals: the ${told.interval} that is running is left out of both.`}>
          {comparisonText(told.comparison.ratio, place)}
        </span>
      )}
    </p>
  );
}

const BEFORE: Readonly<Record<Range, string>> = {
  '1h': 'the hour before',
  '24h': 'the day before',
  '7d': 'the week before',
  '30d': 'the 30 days before',
  '90d': 'the 90 days before',
};

function comparisonText(ratio: number | null, { range }: CounterPlace): string {
  const before = range === null ? 'as long a time before' : BEFORE[range];
  return ratio === null ? `nothing in ${before}` : `${signedPercent(ratio)} against ${before}`;
}

interface FilesProps {
  readonly place: CounterPlace;
  readonly told: Told | null;
  readonly png: () => Promise<Blob | null>;
}

/** The same to take along. */
function Files({ place, told, png }: FilesProps) {
  const named = (ending: string) => fileNameOf(place.name, periodName(place), ending);
  const saveCsv = () => {
    if (told === null) return;
    const [first, ...rest] = told.counters;
    const text = rest.length === 0 ? csvOf(first?.points ?? []) : csvOfMany(told.counters);
    download(new Blob([text], { type: 'text/csv' }), named('csv'));
  };
  const savePng = async () => {
    const picture = await png();
    if (picture !== null) download(picture, named('png'));
  };
  return (
    <div class="files">
      <button type="button" disabled={told === null} onClick={saveCsv}>
        <span class="unseen">Download </span>CSV
      </button>
      <button type="button" disabled={told === null} onClick={() => void savePng()}>
        <span class="unseen">Download </span>PNG
      </button>
    </div>
  );
}

function noteOf(answered: boolean, fault: ApiError | null): string {
  if (fault === null) return answered ? 'No history yet.' : 'Loading';
  if (fault.isAway) return 'The history cannot be had right now; trying again.';
  return fault.status === 404 ? 'History is not available.' : fault.message;
}
