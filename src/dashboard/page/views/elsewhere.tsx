import { placeOf } from '../place/address.js';
import type { Route } from '../place/route.js';
import { Audit } from './audit.js';
import { CounterView } from './counter/counter.js';
import { Keys } from './keys.js';
import { Operations } from './operations/operations.js';
import { Tree } from './tree.js';
import { Wall } from './wall/wall.js';
import { Watches } from './watches/watches.js';

/** Every view but the list of counters, which alone is part of the first script: this one comes after it. */
export function Elsewhere({ place }: { readonly place: Route }) {
  switch (place.view) {
    case 'overview':
      return <Wall place={place} />;
    case 'tree':
      return <Tree place={place} />;
    case 'counter':
      return <CounterView key={placeOf(place)} place={place} />;
    case 'watches':
      return <Watches />;
    case 'operations':
      return <Operations />;
    case 'keys':
      return <Keys />;
    case 'audit':
      return <Audit place={place} />;
    case 'unknown':
      return null;
  }
}
