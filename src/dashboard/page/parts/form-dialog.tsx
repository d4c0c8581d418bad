import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { ApiError } from '../service/api.js';

interface Props {
  readonly title: string;
  /** What the button says. */
  readonly action: string;
  /** Does it. What it throws is shown, and the form stays; a text is what is wrong with what was typed. */
  readonly onSubmit: (fields: FormData) => Promise<string | null>;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** A form over the page; it is there as long as it is part of it. Escape leaves it. */
export function FormDialog({ title, action, onSubmit, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [fault, tell] = useState('');
  const [busy, setBusy] = useState(false);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  const submit = async (fields: FormData) => {
    setBusy(true);
    try {
      const wrong = await onSubmit(fields);
      if (wrong === null) dialog.current?.close();
      else tell(wrong);
    } catch (error) {
      tell(error instanceof ApiError ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby={id}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit(new FormData(event.currentTarget));
        }}
      >
        <h2 id={id}>{title}</h2>
        {children}
        <p class="fault" role="alert">
          {fault}
        </p>
        <div class="tools">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class="main" disabled={busy}>
            {action}
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** What was typed into a field; empty where nothing was. */
export function textOf(fields: FormData, name: string): string {
  const text = fields.get(name);
  return typeof text === 'string' ? text.trim() : '';
}

/** A whole number that was typed; null where nothing was, NaN where it is none. */
export function numberOf(fields: FormData, name: string): number | null {
  const text = textOf(fields, name).replace('−', '-').replaceAll(',', '');
  if (text === '') return null;
  return /^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : NaN;
}
