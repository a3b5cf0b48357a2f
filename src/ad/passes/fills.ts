/** @file Arrays of one repeated number: which variables hold one, and what primitives make of them. */
import { Array, array } from "../array.ts";
import { allocate } from "../dtype.ts";
import type { Eqn, Var } from "../jaxpr/jaxpr.ts";
import type { Primitive } from "../primitive.ts";
import { fill, fillP } from "../primitives/fill.ts";
import { elementwise } from "../rules/batch.ts";
import { bind } from "../tracer.ts";
import { write, type Define, type Replacement } from "./rewrite.ts";

/** The number every element of `v` is, where the program says so. */
export function fillValue(v: Var, define: Define): number | null {
  const eqn = define(v);
  return eqn && isFill(eqn) ? (eqn.params as { value: number }).value : null;
}

export const isFill = (eqn: Eqn): boolean =>
  eqn.primitive === (fillP as unknown as Primitive<never>);

export const fillLike = (v: Var, value: number): Replacement =>
  write([], () => [fill(value, v.type)]);

/** The same element everywhere, so that only its place can change. */
const rearranging = new Set(["reshape", "transpose", "broadcast", "slice", "reverse", "reduceMax", "reduceMin", "stopGradient"]); // prettier-ignore

/** An equation whose operands are all fills and whose results are then fills too. */
export function foldFills(eqn: Eqn, define: Define): Replacement | null {
  const values = eqn.inputs.map((v) => fillValue(v, define));
  if (values.length === 0 || values.includes(null) || eqn.outputs.length !== 1)
    return null;
  const [out] = eqn.outputs;
  const [first] = values as number[];
  const { name } = eqn.primitive;
  if (rearranging.has(name)) return fillLike(out, first);
  if (name === "sum" && first === 0) return fillLike(out, 0);
  if (name === "concatenate" && values.every((x) => Object.is(x, first)))
    return fillLike(out, first);
  if ((eqn.primitive.rules.batch as unknown) !== elementwise) return null;
  const operands = eqn.inputs.map((v, i) => {
    const data = allocate(v.type.dtype, 1);
    data[0] = values[i] as number;
    return array(data, { shape: [], dtype: v.type.dtype });
  });
  const [result] = bind(eqn.primitive, operands, eqn.params as never);
  return result instanceof Array ? fillLike(out, result.dataSync()[0]) : null;
}
