/** @file Values of `evotune` that may be searched: `0.01` is fixed, `1e-5..1e-2` a range, `64/128/256` a list. */
import { InvalidArgumentError } from "commander";
import type { Range } from "../training/index.ts";

export type Searched<T> =
  | { readonly fixed: T }
  | { readonly choices: readonly T[] }
  | { readonly range: Range };

/** A value, or a list of values with `/` between them. */
export const valueOrList =
  <T>(parse: (text: string) => T) =>
  (text: string): Searched<T> => {
    const values = text.split("/").map(parse);
    return values.length === 1 ? { fixed: values[0] } : { choices: values };
  };

/** The same, or a range `LOW..HIGH`. */
export const valueOrRange =
  (parse: (text: string) => number, { log }: { readonly log: boolean }) =>
  (text: string): Searched<number> => {
    const ends = text.split("..");
    if (ends.length !== 2) return valueOrList(parse)(text);
    const [low, high] = ends.map(parse);
    if (low > high || (log && low === 0))
      throw new InvalidArgumentError(
        `Expected LOW..HIGH with LOW ${log ? "above 0 and " : ""}not above HIGH.`,
      );
    return { range: { low, high, log } };
  };

/** What is fixed and what is searched of the options given. */
export function divide(
  options: Readonly<Record<string, Searched<unknown> | undefined>>,
): { fixed: Record<string, unknown>; search: Record<string, unknown> } {
  const fixed: Record<string, unknown> = {};
  const search: Record<string, unknown> = {};
  for (const [name, given] of Object.entries(options)) {
    if (given === undefined) continue;
    if ("fixed" in given) fixed[name] = given.fixed;
    else search[name] = "range" in given ? given.range : given.choices;
  }
  return { fixed, search };
}
