import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

interface Question {
  readonly title: string;
  readonly text: string;
  readonly yes: string;
  readonly answer: (yes: boolean) => void;
}

const asked = signal<Question | null>(null);

/** Asks before something is done; Escape is a no. @param yes what the button says that does it */
export function confirm(title: string, text: string, yes = title): Promise<boolean> {
  return new Promise((resolve) => {
    asked.value = { title, text, yes, answer: resolve };
  });
}

/** Where questions are shown; once on the page. */
export function Confirm() {
  const question = asked.value;
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (question !== null) dialog.current?.showModal();
  }, [question]);
  if (question === null) return null;
  const closed = () => {
    asked.value = null;
    question.answer(dialog.current?.returnValue === 'yes');
  };
  return (
    <dialog ref={dialog} onClose={closed} aria-labelledby="confirm-title" aria-describedby="confirm-question">
      <form method="dialog">
        <h2 id="confirm-title">{question.title}</h2>
        <p id="confirm-question">{question.text}</p>
        <div class="tools">
          <button value="no">Cancel</button>
          <button value="yes" class="main">
            {question.yes}
          </button>
        </div>
      </form>
    </dialog>
  );
}
