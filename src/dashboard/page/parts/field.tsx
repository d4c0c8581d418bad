import { useId } from 'preact/hooks';

interface Props {
  readonly label: string;
  readonly name: string;
  readonly value?: string;
  readonly hint?: string;
  readonly required?: boolean;
  readonly inputMode?: 'numeric' | 'text';
}

/** A line to type into, with its label above it. */
export function Field({ label, name, value = '', hint, required = false, inputMode = 'text' }: Props) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        name={name}
        type="text"
        defaultValue={value}
        required={required}
        inputMode={inputMode}
        autocomplete="off"
        spellcheck={false}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
      />
      {hint !== undefined && (
        <p class="quiet" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}
