import { Table } from '../../parts/table.js';
import { about, bucket, change, number } from '../../text/format.js';
import type { Told } from './use-history.js';
import type { Outlook } from './use-outlook.js';

interface Props {
  readonly told: Told;
  readonly outlook: Outlook | null;
  readonly open: boolean;
  readonly onToggle: (open: boolean) => void;
}

/** What the chart shows, in words. Only while it is open: it may have hundreds of rows. */
export function Rows({ told, outlook, open, onToggle }: Props) {
  return (
    <details open={open} onToggle={({ currentTarget }) => onToggle(currentTarget.open)}>
      <summary>The same as a table</summary>
      {open && (told.counters.length === 1 ? <OfOne told={told} outlook={outlook} /> : <OfMany told={told} />)}
    </details>
  );
}

function OfOne({ told: { counters, before, interval, tz }, outlook }: Pick<Props, 'told' | 'outlook'>) {
  const points = counters[0]?.points ?? [];
  const titles = [
    'From',
    'Change',
    'Value',
    ...(before === null ? [] : ['Period before']),
    ...(outlook === null ? [] : ['Expected']),
  ];
  return (
    <>
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
              {outlook !== null && <Judged at={at} outlook={outlook} />}
            </tr>
          ))}
      </Table>
      {outlook !== null && <Coming outlook={outlook} tz={tz} />}
    </>
  );
}

function Judged({ at, outlook }: { readonly at: string; readonly outlook: Outlook }) {
  const hour = outlook.past.get(Date.parse(at));
  if (hour === undefined) return <td>–</td>;
  const { low, high, outside } = hour;
  return (
    <td class={outside === null ? undefined : 'outside'}>
      {outside === null ? '' : `${outside} `}
      {`${about(low)} to ${about(high)}`}
    </td>
  );
}

function Coming({ outlook: { ahead }, tz }: { readonly outlook: Outlook; readonly tz: string }) {
  return (
    <Table caption="Expected changes by hour, the running one first" titles={['From', 'Expected', 'Between']}>
      {ahead.map(({ at, delta, low, high }) => (
        <tr key={at}>
          <th scope="row">
            <time dateTime={at}>{bucket(at, 'hour', tz)}</time>
          </th>
          <td>{about(delta)}</td>
          <td>{`${about(low)} and ${about(high)}`}</td>
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
