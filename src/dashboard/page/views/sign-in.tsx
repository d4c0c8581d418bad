import { useEffect, useRef, useState } from 'preact/hooks';
import { api, ApiError } from '../service/api.js';
import { useTitle } from '../parts/use-title.js';

/** Asks for an API key, which is sent once and kept by nobody: the session is a cookie that no script can read. */
export function SignIn({ onSignedIn }: { readonly onSignedIn: () => void }) {
  const key = useRef<HTMLInputElement>(null);
  const [fault, tell] = useState('');
  const [busy, setBusy] = useState(false);
  useTitle('Sign in · evercount');
  useEffect(() => key.current?.focus(), []);

  const submit = async () => {
    setBusy(true);
    tell('');
    try {
      await api.signIn(key.current?.value.trim() ?? '');
      onSignedIn();
    } catch (error) {
      tell(faultOf(error));
      setBusy(false);
      key.current?.focus();
      key.current?.select();
    }
  };
  const onSubmit = (event: Event) => {
    event.preventDefault();
    void submit();
  };

  return (
    <form class="sign-in" onSubmit={onSubmit}>
      <h1>Sign in</h1>
      <p class="quiet">This service asks for an API key. It is not kept in this browser.</p>
      <label for="key">API key</label>
      <input
        ref={key}
        type="password"
        id="key"
        name="key"
        autocomplete="current-password"
        placeholder="ec_…"
        required
        aria-describedby="sign-in-fault"
      />
      <button type="submit" class="main" disabled={busy}>
        Sign in
      </button>
      <p class="fault" id="sign-in-fault" role="alert">
        {fault}
      </p>
    </form>
  );
}

function faultOf(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  return [400, 401, 403].includes(error.status) ? 'This key is not known here.' : error.message;
}
