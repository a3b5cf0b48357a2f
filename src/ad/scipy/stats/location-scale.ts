/** @file Distributions with no parameters but a location and a scale: written once at (x - loc) / scale. */
import { exp } from "../../primitives/elementwise.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { quantileOf, standard } from "./support.ts";

/** A function of a point (or, of ppf and isf, a probability), a location (0) and a scale (1), which broadcast. */
export type OfLocationScale = (
  x: ArrayLike,
  loc?: ArrayLike,
  scale?: ArrayLike,
) => Value;

/** The standard form; `logpdf` is given the scale too, because the density off the support does not depend on it. */
export interface StandardForm {
  readonly logpdf: (y: Value, scale: Value) => Value;
  /** The probability of at most y, and its logarithm. */
  readonly cdf?: (y: Value) => Value;
  readonly logcdf?: (y: Value) => Value;
  /** The probability of more than y, and its logarithm. */
  readonly sf?: (y: Value) => Value;
  readonly logsf?: (y: Value) => Value;
  /** y with cdf(y) = q, and y with sf(y) = q. */
  readonly ppf?: (q: Value) => Value;
  readonly isf?: (q: Value) => Value;
}

/** The functions of the family, named as in jax.scipy.stats; `pdf` follows from `logpdf`. */
export function locationScale<S extends StandardForm>(
  name: string,
  form: S,
): { readonly [K in keyof S | "pdf"]: OfLocationScale } {
  const made = (key: string, f: StandardForm["logpdf"]): OfLocationScale =>
    key === "ppf" || key === "isf"
      ? (q, loc = 0, scale = 1) =>
          quantileOf(`${name}.${key}`, f, q, loc, scale)
      : (x, loc = 0, scale = 1) => {
          const [y, by] = standard(`${name}.${key}`, x, loc, scale);
          return f(y, by);
        };
  const functions = Object.fromEntries(
    Object.entries(form).map(([key, f]) => [
      key,
      made(key, f as StandardForm["logpdf"]),
    ]),
  );
  const pdf = made("pdf", (y, by) => exp(form.logpdf(y, by)));
  return { ...functions, pdf } as ReturnType<typeof locationScale<S>>;
}
