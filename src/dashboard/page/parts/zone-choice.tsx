import { useEffect, useState } from 'preact/hooks';
import { goTo, route } from '../place/address.js';
import { takeZone, zone, zones } from '../place/zone.js';
import { calm } from './calm.js';

/** Shows the zone of the page, and lets another one be chosen: the address says so, and all is shown anew. */
export function ZoneChoice() {
  const [isCalm, setCalm] = useState(false);
  // Hundreds of names, which nobody needs to see what every counter stands at.
  useEffect(() => void calm.then(() => setCalm(true)), []);
  const choose = (name: string) => {
    takeZone(name);
    goTo(route.value);
  };
  return (
    <select
      class="plain zone"
      aria-label="Time zone"
      value={zone()}
      onChange={({ currentTarget }) => choose(currentTarget.value)}
    >
      {zones(isCalm).map(([name, label]) => (
        <option key={name} value={name}>
          {label}
        </option>
      ))}
    </select>
  );
}
