import { api, ApiError } from '../api.js';
import { h, setText } from '../dom.js';
import type { View } from '../view.js';

/** Asks for an API key, which is sent once and kept by nobody: the session is a cookie that no script can read. */
export function signInView(onSignedIn: () => void): View {
  const key = h('input', {
    type: 'password',
    id: 'key',
    name: 'key',
    autocomplete: 'current-password',
    placeholder: 'ec_…',
    required: true,
    'aria-describedby': 'sign-in-fault',
  });
  const button = h('button', { type: 'submit', class: 'main' }, 'Sign in');
  const fault = h('p', { class: 'fault', id: 'sign-in-fault', role: 'alert' });
  const submit = async () => {
    button.disabled = true;
    setText(fault, '');
    try {
      await api.signIn(key.value.trim());
      onSignedIn();
    } catch (error) {
      const refused =
        error instanceof ApiError && (error.status === 401 || error.status === 403 || error.status === 400);
      setText(
        fault,
        refused ? 'This key is not known here.' : error instanceof ApiError ? error.message : String(error),
      );
      key.focus();
      key.select();
    } finally {
      button.disabled = false;
    }
  };
  const element = h(
    'form',
    {
      class: 'sign-in',
      onsubmit: (event) => {
        event.preventDefault();
        void submit();
      },
    },
    h('h1', {}, 'Sign in'),
    h('p', { class: 'quiet' }, 'This service asks for an API key. It is not kept in this browser.'),
    h('label', { for: 'key' }, 'API key'),
    key,
    button,
    fault,
  );
  queueMicrotask(() => key.focus());
  return { element, title: 'Sign in · evercount', close: () => undefined };
}
