/** @file Elements chosen by conditions: kept where one holds, or taken from the alternative whose condition holds. */
import { Array as Arr } from "../array.ts";
import { convert, eq, select as pickBy } from "../primitives/elementwise.ts";
import { fill } from "../primitives/fill.ts";
import { pad, sliceAxis } from "../primitives/slicing.ts";
import { broadcast, moveAxis } from "../primitives/structural.ts";
import { normalizeAxis, range, showShape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { clip, remainder } from "./elementwise.ts";
import { ravel } from "./manipulate.ts";
import { broadcastArrays, promoteDtypes } from "./promote.ts";
import { ints, pick } from "./rearrange.ts";
import { placesOf, sizeOr } from "./search.ts";
import { rowsOf } from "./indexing.ts";

interface SizeOptions {
  /** How many entries the result has, which `jit` needs; those left over hold `fillValue`. */
  readonly size?: number;
  readonly fillValue?: ArrayLike;
}

/** Entries of `x` along an axis (flattened without one) where a vector of conditions holds (jax.numpy.compress). */
export function compress(
  condition: ArrayLike,
  x: ArrayLike,
  { axis, size, fillValue = 0 }: SizeOptions & { readonly axis?: number } = {},
): Value {
  const value = axis === undefined ? ravel(x) : asValue("compress", x);
  const at = normalizeAxis("compress", axis ?? 0, value.ndim);
  const given = asValue("compress", condition);
  const n = value.shape[at];
  if (given.size > n)
    throw new TypeError(
      `compress: expected at most ${n} conditions for axis ${at} of ${showShape(value.shape)}, got ${given.size}`,
    );
  // Conditions known now need no size, also where `x` is traced.
  if (given instanceof Arr && size === undefined) {
    const hits = range(given.size).filter((i) => given.dataSync()[i] !== 0);
    return pick(value, ints(hits), at);
  }
  const mask = pad(convert(ravel(given), "bool"), [0], [n - given.size]);
  const count = sizeOr(mask, size);
  if (count === 0) return sliceAxis(value, at, 0, 0);
  const { places, exists } = placesOf(mask, count);
  const rows = moveAxis(pick(value, places, at), at, 0);
  const [filler] = broadcastArrays("compress", [convert(asValue("compress", fillValue), value.dtype), rows]); // prettier-ignore
  const there = broadcast(exists, rows.shape, [0]);
  return moveAxis(pickBy(there, rows, filler), 0, at);
}

/** Elements of `x` where `condition` holds, both flattened (jax.numpy.extract). */
export const extract = (
  condition: ArrayLike,
  x: ArrayLike,
  options: SizeOptions = {},
): Value => compress(condition, x, options);

/** Of each element the choice whose condition holds first, else `otherwise`; all of them broadcast (jax.numpy.select). */
export function select(
  conditions: readonly ArrayLike[],
  choices: readonly ArrayLike[],
  otherwise: ArrayLike = 0,
): Value {
  if (conditions.length !== choices.length || conditions.length === 0)
    throw new TypeError(
      `select: expected as many conditions as choices and at least one, got ${conditions.length} and ${choices.length}`,
    );
  const n = conditions.length;
  const promoted = promoteDtypes("select", [...choices, otherwise]);
  const all = broadcastArrays("select", [...conditions, ...promoted]);
  return all.slice(0, n).reduceRight(
    (rest, condition, i) => {
      return pickBy(convert(condition, "bool"), all[n + i], rest);
    },
    all[2 * n],
  );
}

/** Of each element the choice whose number `x` (int32) holds; all of them broadcast (jax.numpy.choose). */
export function choose(
  x: ArrayLike,
  choices: readonly ArrayLike[],
  { mode = "raise" }: { readonly mode?: "raise" | "wrap" | "clip" } = {},
): Value {
  const given = convert(asValue("choose", x), "int32");
  const n = choices.length;
  if (mode === "raise") rowsOf("choose", [given], [n], [0], "raise");
  const which = mode === "wrap" ? remainder(given, n) : clip(given, 0, n - 1);
  const all = broadcastArrays("choose", [which, ...promoteDtypes("choose", choices)]); // prettier-ignore
  const [number, ...values] = all;
  return values.reduceRight((rest, value, i) =>
    pickBy(eq(number, fill(i, number.type)), value, rest),
  );
}

/** A value, or a function of the whole array. */
type Piece = ArrayLike | ((x: Value) => Value);

/**
 * Of each element of `x` the piece whose condition holds, of several the last; one piece more than conditions is for
 * elements without any, which are 0 otherwise (jax.numpy.piecewise).
 */
export function piecewise(
  x: ArrayLike,
  conditions: readonly ArrayLike[],
  pieces: readonly Piece[],
): Value {
  const value = asValue("piecewise", x);
  const n = conditions.length;
  if (pieces.length !== n && pieces.length !== n + 1)
    throw new TypeError(
      `piecewise: expected ${n} or ${n + 1} pieces for ${n} conditions, got ${pieces.length}`,
    );
  const results = pieces.map((piece) =>
    convert(
      asValue("piecewise", typeof piece === "function" ? piece(value) : piece),
      value.dtype,
    ),
  );
  const [otherwise] = results.length > n ? results.slice(n) : [0];
  return select(
    [...conditions].reverse(),
    results.slice(0, n).reverse(),
    otherwise,
  );
}
