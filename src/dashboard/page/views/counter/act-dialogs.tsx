import { Field } from '../../parts/field.js';
import { FormDialog, numberOf } from '../../parts/form-dialog.js';
import type { Counter } from '../../service/shapes.js';
import { writes } from '../../service/writes.js';
import { instant, number } from '../../text/format.js';
import { type Done, takeBack } from './done.js';

interface Props {
  readonly counter: Counter;
  readonly onDone: (done: Done) => void;
  readonly onClose: () => void;
}

const NO_NUMBER = 'That is not a whole number.';

export function ValueDialog({ counter, onDone, onClose }: Props) {
  const submit = async (fields: FormData) => {
    const value = numberOf(fields, 'value');
    if (value === null || Number.isNaN(value)) return NO_NUMBER;
    const before = counter.value;
    const set = await writes.set(counter.name, { value });
    onDone({
      text: `Set to ${number(value)}.`,
      undo: { label: `Undo: back to ${number(before)}`, run: () => takeBack(set, before) },
    });
    return null;
  };
  return (
    <FormDialog title={`Set ${counter.name}`} action="Set" onSubmit={submit} onClose={onClose}>
      <Field label="Value" name="value" value={String(counter.value)} inputMode="numeric" required />
    </FormDialog>
  );
}

export function BoundsDialog({ counter, onDone, onClose }: Props) {
  const { name } = counter;
  const submit = async (fields: FormData) => {
    const [min, max] = [numberOf(fields, 'min'), numberOf(fields, 'max')];
    if (Number.isNaN(min) || Number.isNaN(max)) return NO_NUMBER;
    const { min: lowest, max: highest } = counter;
    await writes.alter(name, { min, max });
    const back = async () => {
      await writes.alter(name, { min: lowest, max: highest });
      return 'Undone: the bounds are as before.';
    };
    onDone({ text: 'The bounds are set.', undo: { label: 'Undo', run: back } });
    return null;
  };
  const shown = (bound: number | null) => (bound === null ? '' : String(bound));
  return (
    <FormDialog title={`Bounds of ${name}`} action="Set bounds" onSubmit={submit} onClose={onClose}>
      <Field label="Lowest allowed" name="min" value={shown(counter.min)} inputMode="numeric" hint="Empty: none." />
      <Field
        label="Highest allowed"
        name="max"
        value={shown(counter.max)}
        inputMode="numeric"
        hint="An increment that would pass a bound is refused."
      />
    </FormDialog>
  );
}

const UNITS = [
  ['minutes', 60_000],
  ['hours', 3_600_000],
  ['days', 86_400_000],
] as const;

export function ExpiryDialog({ counter, onDone, onClose }: Props) {
  const { name } = counter;
  const submit = async (fields: FormData) => {
    const count = numberOf(fields, 'count');
    if (Number.isNaN(count)) return NO_NUMBER;
    const unitMs = UNITS.find(([unit]) => unit === fields.get('unit'))?.[1] ?? 0;
    if (count !== null && count <= 0) return 'It must be above 0.';
    const altered = await writes.alter(name, count === null ? { expiresAt: null } : { ttlMs: count * unitMs });
    const { expiresAt } = altered;
    const text = expiresAt === null ? 'It stays until it is deleted.' : `It ends at ${instant(expiresAt)}.`;
    onDone({ text, undo: null });
    return null;
  };
  return (
    <FormDialog title={`Expiry of ${name}`} action="Set expiry" onSubmit={submit} onClose={onClose}>
      <Field
        label="It ends by itself in"
        name="count"
        inputMode="numeric"
        hint="Empty: never. When it ends it is deleted, and its history with it."
      />
      <label class="field">
        Unit
        <select name="unit">
          {UNITS.map(([unit]) => (
            <option key={unit} value={unit}>
              {unit}
            </option>
          ))}
        </select>
      </label>
    </FormDialog>
  );
}
