/** @file Where an error is shown: an element with the role alert, which readers of the screen hear at once. */
import { el } from "./dom.ts";
import { describe } from "./errors.ts";

const shown = 20;

export function showProblem(
  box: HTMLElement,
  error: unknown,
  names: readonly string[] = [],
): void {
  const { message, places } = describe(error, names);
  const more = places.length - shown;
  box.replaceChildren(
    el(
      "div",
      { class: "problem" },
      el("p", {}, message),
      places.length > 0 &&
        el("ul", {}, ...places.slice(0, shown).map((text) => el("li", {}, text))), // prettier-ignore
      more > 0 && el("p", {}, `and ${more} more`),
    ),
  );
}

export const clearProblem = (box: HTMLElement): void => box.replaceChildren();

/**
 * Runs what a button starts: the button rests until it has ended, and its error is shown. Aborted work ends without a
 * word.
 */
export async function attempt(
  { button, box, names }: { readonly button?: HTMLButtonElement | undefined; readonly box: HTMLElement; readonly names?: (() => readonly string[]) | undefined },
  work: () => Promise<void>,
): Promise<void> {
  clearProblem(box);
  if (button) button.disabled = true;
  try {
    await work();
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "AbortError"))
      showProblem(box, error, names?.());
  } finally {
    if (button) button.disabled = false;
  }
} // prettier-ignore
