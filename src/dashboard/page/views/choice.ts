import { h } from '../dom.js';

/** One of a few: radio buttons, so that arrow keys and screen readers know what to do. */
export function choice<T extends string>(
  legend: string,
  name: string,
  options: readonly (readonly [value: T, label: string])[],
  chosen: T,
  onChoose: (value: T) => void,
): HTMLFieldSetElement {
  return h(
    'fieldset',
    { class: 'choice' },
    h('legend', { class: 'unseen' }, legend),
    ...options.map(([value, label]) => {
      const input = h('input', {
        type: 'radio',
        name,
        value,
        checked: value === chosen,
        onchange: () => onChoose(value),
      });
      return h('label', {}, input, h('span', {}, label));
    }),
  );
}
