import { h } from './dom.js';
import { hashOf, routeOf } from './route.js';
import { takeZone, zone, zones } from './zone.js';

/** Shows the zone of the page, and lets another one be chosen: the address says so, and the page is shown anew. */
export function zoneChoice(): { readonly element: HTMLSelectElement; readonly show: () => void } {
  const element = h('select', {
    class: 'theme zone',
    'aria-label': 'Time zone',
    onchange: () => {
      takeZone(element.value);
      location.hash = hashOf(routeOf(location.hash));
    },
  });
  return {
    element,
    show: () => {
      if (element.value === zone()) return;
      element.replaceChildren(
        ...zones().map(([name, label]) => h('option', { value: name, selected: name === zone() }, label)),
      );
    },
  };
}
