import { Table } from '../../parts/table.js';
import { bucket, change, number } from '../../text/format.js';
import type { Told } from './use-history.js';

interface Props {
  readonly told: Told;
  readonly open: boolean;
  readonly onToggle: (open: boolean) => void;
}

/** What the chart shows, in words. Only while it is open: it may have hundreds of rows. */
export function Rows({ told, open, onToggle }: Props) {
  return (
    <details open={open} onToggle={({ currentTarget }) => onToggle(currentTarget.open)}>
      <summary>The same as a table</summary>
      {open && (told.counters.length === 1 ? <OfOne told={told} /> : <OfMany told={told} />)}
    </details>
  );
}

function OfOne({ told: { counters, before, interval, tz } }: { readonly told: Told }) {
  const points = counters[0]?.points ?? [];
  const titles = ['From', 'Change', 'Value', ...(before === null ? [] : ['Period before'])];
  return (
    <Table caption={`Changes by ${interval}, newest first`} titles={titles}>
      {points
        .map((point, index) => ({ ...point, earlier: before?.[index] }))
        .toReversed()
        .map(({ at, delta, value, earlier }) => (
          <tr key={at}>
            <th scope="row">
              <time dateTime={at}>{bucket(at, interval, tz)}</time>
            </th>
            <td>{change(delta)}</td>
            <td>{number(value)}</td>
            {before !== null && <td>{earlier == null ? '–' : change(earlier.delta)}</td>}
          </tr>
        ))}
    </Table>
  );
}

function OfMany({ told: { counters, interval, tz } }: { readonly told: Told }) {
  const begins = (counters[0]?.points ?? []).map(({ at }) => at);
  const changes = counters.map(({ points }) => new Map(points.map(({ at, delta }) => [at, delta])));
  return (
    <Table caption={`Changes by ${interval}, newest first`} titles={['From', ...counters.map(({ name }) => name)]}>
      {begins.toReversed().map((at) => (
        <tr key={at}>
          <th scope="row">
            <time dateTime={at}>{bucket(at, interval, tz)}</time>
          </th>
          {changes.map((deltas, index) => {
            const delta = deltas.get(at);
            return <td key={counters[index]?.name}>{delta === undefined ? '–' : change(delta)}</td>;
          })}
        </tr>
      ))}
    </Table>
  );
}
