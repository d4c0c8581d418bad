import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Choice } from '../../parts/choice.js';
import { Plot, type Series } from '../../parts/plot.js';
import { Table } from '../../parts/table.js';
import { theme } from '../../parts/theme-switch.js';
import { useLoad } from '../../parts/use-load.js';
import { restate } from '../../place/address.js';
import { type CounterPlace, RANGES } from '../../place/route.js';
import { zone } from '../../place/zone.js';
import { api, type ApiError } from '../../service/api.js';
import type { HistoryPoint, Interval } from '../../service/shapes.js';
import { csvOf, download, fileNameOf } from '../../text/csv.js';
import { bucket, change, number } from '../../text/format.js';
import { RANGE_LABELS, withChange } from './ranges.js';

/** Corrects what live changes added up. */
const RELOAD_MS = 60_000;

const RANGE_OPTIONS = RANGES.map((each) => [each, RANGE_LABELS[each]] as const);
const SERIES_OPTIONS = [
  ['value', 'Value'],
  ['delta', 'Change'],
] as const;

interface Props {
  readonly place: CounterPlace;
  /** The value as it is now, which history may be some seconds behind. */
  readonly value: number | null;
  readonly generation: number;
}

/** What is drawn: intervals, and where they begin. */
export interface Drawn {
  readonly points: readonly HistoryPoint[];
  readonly interval: Interval;
  readonly tz: string;
}

/** The changes of one counter over time: as a chart, as a table, as a file. */
export function HistoryPanel({ place, value, generation }: Props) {
  const { name, range } = place;
  const [series, setSeries] = useState<Series>('value');
  const [open, setOpen] = useState(false);
  const loaded = useLoad(
    async () => ({ range, ...(await api.histories([name], range)) }),
    [name, range, zone(), generation],
    { everyMs: RELOAD_MS },
  );
  const answer = loaded.answer?.range === range ? loaded.answer : null;
  const told = answer?.data[name] ?? [];
  const points = useMemo(() => (value === null ? told : withChange(told, value)), [told, value]);
  const drawn = answer === null || points.length === 0 ? null : { points, interval: answer.interval, tz: answer.tz };
  const sum = points.reduce((all, { delta }) => all + delta, 0);
  return (
    <section class="history" aria-label="History">
      <div class="tools">
        <Choice
          legend="Range"
          name="range"
          options={RANGE_OPTIONS}
          chosen={range}
          onChoose={(next) => restate({ ...place, range: next })}
        />
        <Choice legend="What is drawn" name="series" options={SERIES_OPTIONS} chosen={series} onChoose={setSeries} />
        <button
          type="button"
          disabled={drawn === null}
          onClick={() => download(csvOf(points), fileNameOf(name, range))}
        >
          Download CSV
        </button>
      </div>
      {drawn === null ? (
        <p class="quiet" role="status">
          {noteOf(answer !== null, loaded.fault)}
        </p>
      ) : (
        <>
          <p class="total">{`${change(sum)} in ${RANGE_LABELS[range]}`}</p>
          <Chart drawn={drawn} series={series} />
          <Rows drawn={drawn} open={open} onToggle={setOpen} />
        </>
      )}
    </section>
  );
}

function noteOf(answered: boolean, fault: ApiError | null): string {
  if (fault === null) return answered ? 'No history yet.' : 'Loading';
  if (fault.isAway) return 'The history cannot be had right now; trying again.';
  return fault.status === 404 ? 'History is not available.' : fault.message;
}

function Chart({ drawn, series }: { readonly drawn: Drawn; readonly series: Series }) {
  const canvas = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const looks = theme.value;
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const made = new Plot(element);
    plot.current = made;
    return () => made.close();
  }, [looks]);
  useEffect(() => plot.current?.show(drawn.points, drawn.interval, drawn.tz, series), [drawn, series, looks]);
  return <div ref={canvas} class="chart" aria-hidden="true" />;
}

interface RowsProps {
  readonly drawn: Drawn;
  readonly open: boolean;
  readonly onToggle: (open: boolean) => void;
}

/** Only while it is open: it may have hundreds of rows. */
function Rows({ drawn: { points, interval, tz }, open, onToggle }: RowsProps) {
  return (
    <details open={open} onToggle={({ currentTarget }) => onToggle(currentTarget.open)}>
      <summary>The same as a table</summary>
      {open && (
        <Table caption={`Changes by ${interval}, newest first`} titles={['From', 'Change', 'Value']}>
          {points.toReversed().map(({ at, delta, value }) => (
            <tr key={at}>
              <th scope="row">
                <time dateTime={at}>{bucket(at, interval, tz)}</time>
              </th>
              <td>{change(delta)}</td>
              <td>{number(value)}</td>
            </tr>
          ))}
        </Table>
      )}
    </details>
  );
}
