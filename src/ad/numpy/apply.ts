/** @file Functions of scalars, vectors or matrices applied to all of an array. */
import { moveAxis, reshape } from "../primitives/structural.ts";
import { broadcastShapes, normalizeAxis, sizeOf } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { vmap } from "../transforms/vmap.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { normalizeAxes, type Axes } from "./manipulate.ts";
import { broadcastTo } from "./promote.ts";

/** f of every vector along an axis, where its result takes the vector's place (jax.numpy.apply_along_axis). */
export function applyAlongAxis(
  f: (line: Value) => Value,
  axis: number,
  x: ArrayLike,
): Value {
  const value = asValue("applyAlongAxis", x);
  const at = normalizeAxis("applyAlongAxis", axis, value.ndim);
  const lines = moveAxis(value, at, value.ndim - 1);
  const lead = lines.shape.slice(0, -1);
  const flat = reshape(lines, [sizeOf(lead), value.shape[at]]);
  const results = vmap(f)(flat);
  const inner = results.shape.slice(1);
  let out = reshape(results, [...lead, ...inner]);
  inner.forEach((_, i) => (out = moveAxis(out, lead.length + i, at + i)));
  return out;
}

/** f(x, axis) for one axis after the other; an axis that f removes is put back with size 1 (jax.numpy.apply_over_axes). */
export function applyOverAxes(
  f: (x: Value, axis: number) => Value,
  x: ArrayLike,
  axes: Axes,
): Value {
  const value = asValue("applyOverAxes", x);
  return normalizeAxes("applyOverAxes", axes, value.ndim).reduce(
    (out, axis) => {
      const next = f(out, axis);
      return next.ndim === out.ndim
        ? next
        : reshape(
            next,
            out.shape.map((n, i) => (i === axis ? 1 : n)),
          );
    },
    value,
  );
}

/**
 * `f` of scalars as a function of arrays, which broadcast; or, with a signature such as `"(n),(n)->()"`, of arrays with
 * those last axes, where all before them broadcast (jax.numpy.vectorize).
 */
export function vectorize(
  f: (...xs: Value[]) => Value,
  { signature }: { readonly signature?: string } = {},
): (...xs: ArrayLike[]) => Value {
  const words = signature?.replaceAll(" ", "").split("->")[0];
  const ranks = words
    ?.slice(1, -1)
    .split("),(")
    .map((names) => (names === "" ? 0 : names.split(",").length));
  return (...xs) => {
    const values = xs.map((x) => asValue("vectorize", x));
    if (ranks && ranks.length !== values.length)
      throw new TypeError(
        `vectorize: expected ${ranks.length} arrays for ${signature}, got ${values.length}`,
      );
    const leads = values.map((x, i) =>
      x.shape.slice(0, x.ndim - (ranks?.[i] ?? 0)),
    );
    const lead = broadcastShapes("vectorize", [[], ...leads]);
    const flat = values.map((x, i) => {
      const core = x.shape.slice(leads[i].length);
      const wide = broadcastTo(x, [...lead, ...core]);
      return reshape(wide, [sizeOf(lead), ...core]);
    });
    const out = vmap(f)(...flat);
    return reshape(out, [...lead, ...out.shape.slice(1)]);
  };
}
