import { useState } from 'preact/hooks';
import { Field } from '../../parts/field.js';
import { FormDialog, numberOf, textOf } from '../../parts/form-dialog.js';
import { goTo } from '../../place/address.js';
import { counterAt } from '../../place/route.js';
import { ApiError } from '../../service/api.js';
import { writes } from '../../service/writes.js';

/** A button, and the form behind it. */
export function NewCounter() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        New counter
      </button>
      {open && <NewCounterDialog onClose={() => setOpen(false)} />}
    </>
  );
}

function NewCounterDialog({ onClose }: { readonly onClose: () => void }) {
  const submit = async (fields: FormData) => {
    const name = textOf(fields, 'name');
    const value = numberOf(fields, 'value') ?? 0;
    if (Number.isNaN(value)) return 'The value is not a whole number.';
    try {
      await writes.make(name, { value });
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) return `There is a counter “${name}” already.`;
      throw error;
    }
    goTo(counterAt(name));
    return null;
  };
  return (
    <FormDialog title="New counter" action="Make it" onSubmit={submit} onClose={onClose}>
      <Field label="Name" name="name" hint="Such as page:/home; parts by : or / make a tree." required />
      <Field label="Value" name="value" value="0" inputMode="numeric" />
    </FormDialog>
  );
}
