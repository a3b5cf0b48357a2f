/** @file Elements: made with text that stays text, and found by their ids. */

type Child = Node | string | null | false;

/** Attributes by name; `true` sets an empty one, `false` and undefined none. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>; // prettier-ignore

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  return filled(document.createElement(tag), attributes, children);
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  return filled(made, attributes, children);
}

function filled<E extends Element>(
  element: E,
  attributes: Attributes,
  children: readonly Child[],
): E {
  for (const [name, value] of Object.entries(attributes))
    if (value !== false && value !== undefined)
      element.setAttribute(name, value === true ? "" : String(value));
  element.append(...children.filter((child) => child !== null && child !== false)); // prettier-ignore
  return element;
}

export function button(
  text: string,
  onClick: () => void,
  attributes: Attributes = {},
): HTMLButtonElement {
  const made = el("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", onClick);
  return made;
}

/** An element of index.html. */
export function find<E extends HTMLElement>(
  id: string,
  kind: abstract new () => E,
): E {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`page: expected an element ${id} of ${kind.name}, got ${found?.tagName ?? "none"}`); // prettier-ignore
}

export const input = (id: string): HTMLInputElement => find(id, HTMLInputElement); // prettier-ignore

/** Whether the user asks the page to keep still. */
export const keepsStill = (): boolean =>
  matchMedia("(prefers-reduced-motion: reduce)").matches;
