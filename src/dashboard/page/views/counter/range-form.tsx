import { useState } from 'preact/hooks';
import { textOf } from '../../parts/form-dialog.js';
import { zone } from '../../place/zone.js';
import { now } from '../../service/clock.js';
import { momentAt, wallTimeOf } from '../../text/moment.js';

const DAY_MS = 86_400_000;

interface Props {
  readonly from: number | null;
  readonly to: number | null;
  readonly onChoose: (from: number, to: number) => void;
}

/** Any period, by the clock of the page's zone. */
export function RangeForm({ from, to, onChoose }: Props) {
  const [fault, tell] = useState('');
  const choose = (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const [begin, end] = ['from', 'to'].map((name) => momentAt(textOf(data, name), zone()));
    if (begin == null || end == null) tell('Both need a date and a time.');
    else if (begin >= end) tell('It must begin before it ends.');
    else if (begin > now()) tell('It must begin in the past.');
    else {
      tell('');
      onChoose(begin, end);
    }
  };
  return (
    <form class="range-form" key={zone()} onSubmit={choose}>
      <label>
        From
        <input type="datetime-local" name="from" defaultValue={wallTimeOf(from ?? now() - DAY_MS, zone())} required />
      </label>
      <label>
        To
        <input type="datetime-local" name="to" defaultValue={wallTimeOf(to ?? now(), zone())} required />
      </label>
      <button type="submit">Show</button>
      <span class="fault" role="alert">
        {fault}
      </span>
    </form>
  );
}
