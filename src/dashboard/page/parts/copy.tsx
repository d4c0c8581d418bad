import { useState } from 'preact/hooks';

/** Browsers hand out the clipboard only to pages that came encrypted, or from this machine. */
const canCopy = typeof navigator.clipboard !== 'undefined';

export function Copy({ text }: { readonly text: string }) {
  const [copied, setCopied] = useState('');
  if (!canCopy) return null;
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(text);
  };
  return (
    <button type="button" onClick={() => void copy()}>
      {copied === text ? 'Copied' : 'Copy'}
    </button>
  );
}
