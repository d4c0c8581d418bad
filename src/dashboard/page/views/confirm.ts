import { h } from '../dom.js';

/** Asks before something is done; Escape is a no. */
export async function confirm(title: string, question: string): Promise<boolean> {
  const dialog = h(
    'dialog',
    { 'aria-labelledby': 'confirm-title', 'aria-describedby': 'confirm-question' },
    h(
      'form',
      { method: 'dialog' },
      h('h2', { id: 'confirm-title' }, title),
      h('p', { id: 'confirm-question' }, question),
      h(
        'div',
        { class: 'tools' },
        h('button', { value: 'no' }, 'Cancel'),
        h('button', { value: 'yes', class: 'main' }, title),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
  });
}
