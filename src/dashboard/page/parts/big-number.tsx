import type { Signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { number } from '../text/format.js';

/** How long a number that changed stays marked. */
const MARK_MS = 900;

/** Its size follows its width, so that it neither breaks nor pushes. */
export function BigNumber({ value }: { readonly value: number | null }) {
  const text = value === null ? '–' : number(value);
  const element = useRef<HTMLSpanElement>(null);
  useEffect(() => element.current?.style.setProperty('--characters', String(text.length)), [text]);
  return (
    <span ref={element} class="number">
      {text}
    </span>
  );
}

/** Whether it changed a moment ago, while we looked. @param changes rises with each change */
export function useMark(changes: Signal<number>): boolean {
  const [marked, mark] = useState(false);
  const seen = useRef(changes.peek());
  const count = changes.value;
  useEffect(() => {
    if (count === seen.current) return undefined;
    seen.current = count;
    mark(true);
    const timer = setTimeout(() => mark(false), MARK_MS);
    return () => clearTimeout(timer);
  }, [count]);
  return marked;
}
