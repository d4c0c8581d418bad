/** Elements by hand. Text becomes text nodes and attributes, and nothing becomes markup. */
export type Child = Node | string | null;

type Listener = (event: Event) => void;

/** `on…` are listeners; true is an empty attribute, false and null are none. */
export type Attributes = Readonly<Record<string, string | number | boolean | null | Listener>>;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  assign(element, attributes);
  element.append(...children.filter((child) => child !== null));
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Node[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag);
  assign(element, attributes);
  element.append(...children);
  return element;
}

function assign(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice('on'.length), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null) element.setAttribute(name, String(value));
  }
}

/** Touches the page only where it changes, so that a screen reader is not told the same again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A timer that ends with its view, and rests while nobody looks. */
export function every(intervalMs: number, action: () => void): () => void {
  const timer = setInterval(() => {
    if (!document.hidden) action();
  }, intervalMs);
  return () => clearInterval(timer);
}
