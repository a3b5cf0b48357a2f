/** @file Padding of windows by name: SAME, SAME_LOWER, VALID, or widths as given. */

/** Widths for each axis, or by name: `SAME` gives ceil(n / stride) windows, what is odd goes after the end. */
export type Padding =
  | "SAME"
  | "SAME_LOWER"
  | "VALID"
  | readonly (readonly [low: number, high: number])[];

/** Widths for axes of given sizes, over which windows of length `reach` go by `strides` (jax.lax.padtype_to_pads). */
export function paddingOf(
  who: string,
  padding: Padding,
  sizes: readonly number[],
  reach: readonly number[],
  strides: readonly number[],
): (readonly [number, number])[] {
  if (padding === "VALID") return sizes.map(() => [0, 0] as const);
  if (padding === "SAME" || padding === "SAME_LOWER")
    return sizes.map((n, i) => {
      const count = Math.ceil(n / strides[i]);
      const total = Math.max(0, (count - 1) * strides[i] + reach[i] - n);
      const less = total >> 1;
      return padding === "SAME" ? [less, total - less] : [total - less, less];
    });
  if (typeof padding === "string" || padding.length !== sizes.length)
    throw new TypeError(
      `${who}: expected SAME, SAME_LOWER, VALID or a pair for each of ${sizes.length} axes, got ${JSON.stringify(padding)}`,
    );
  return [...padding];
}
