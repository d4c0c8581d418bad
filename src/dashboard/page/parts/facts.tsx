/** Label and text of each, in their order. */
export type FactList = readonly (readonly [label: string, text: string])[];

export function Facts({ facts }: { readonly facts: FactList }) {
  return (
    <dl class="facts">
      {facts.map(([label, text]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}
