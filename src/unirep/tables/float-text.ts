/** @file A float32 as text: the fewest digits that read back as the same float32. */

/** Powers of ten that a double holds exactly. */
const powers = Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));
// Below the smallest normal float32 the spacing is coarser than six digits, so fewer may do.
const SMALLEST_NORMAL = 2 ** -126;

/**
 * `x` (a float32 value) as its nearest decimal of the fewest digits that rounds back to `x` in float32; keeps the sign of zero.
 * (At a few powers of two, where float32 spacing changes, a decimal farther from `x` would do with one digit less.) NaN and the infinities come out as JavaScript spells them.
 */
export function float32Text(x: number): string {
  if (x === 0) return Object.is(x, -0) ? "-0" : "0";
  if (!Number.isFinite(x)) return String(x);
  const size = Math.abs(x);
  const exponent = Math.floor(Math.log10(size));
  // An integer divided by an exact power of ten is the double nearest to that decimal, what Number(text) would give; ten
  // times faster than going through text, which is left to magnitudes whose powers are not exact.
  for (let digits = 6; digits <= 9; digits++) {
    const power = powers[digits - 1 - exponent];
    if (power === undefined) break;
    const rounded = Math.round(size * power) / power;
    if (Math.fround(rounded) === size)
      return x < 0 ? `-${rounded}` : String(rounded);
  }
  // Every normal float32 resolves at least six digits, and nine always suffice.
  for (let digits = size < SMALLEST_NORMAL ? 1 : 6; digits < 9; digits++) {
    const rounded = Number(x.toPrecision(digits));
    if (Math.fround(rounded) === x) return String(rounded);
  }
  return String(Number(x.toPrecision(9)));
}

/** `[a,b,c]`: a JSON array of float32 values from `start` to `end`. */
export function float32List(
  values: Float32Array,
  start = 0,
  end = values.length,
): string {
  const parts: string[] = [];
  for (let i = start; i < end; i++) parts.push(float32Text(values[i]));
  return `[${parts.join(",")}]`;
}
