import { goTo, route } from '../place/address.js';
import { takeZone, zone, zones } from '../place/zone.js';

/** Shows the zone of the page, and lets another one be chosen: the address says so, and all is shown anew. */
export function ZoneChoice() {
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
      {zones().map(([name, label]) => (
        <option key={name} value={name}>
          {label}
        </option>
      ))}
    </select>
  );
}
