/** @file A case of the primitive table made ready to run: operands drawn, and the primitive as a function of them. */
import type { DType, Value } from "../../../src/ad/index.ts";
import { primitives, type Primitive } from "../../../src/ad/primitive.ts";
import {
  fillNd,
  random,
  toArray,
  toNd,
  tolerances,
  type Nd,
} from "../naive.cases.ts";
import type { Case, Row } from "./row.cases.ts";

export const named = (name: string) =>
  primitives().get(name) as Primitive<unknown>;

/** A case at one dtype: operands, and the primitive as a function of them. */
export function setUp(name: string, c: Case, dtype: DType, seed = 1) {
  const next = random(seed);
  const dtypes = c.args.map((arg) => arg.dtype ?? dtype);
  const draw = () =>
    c.args.map(({ shape, values = "any" }, i) =>
      fillNd(shape, dtypes[i], values, next),
    );
  const args = draw();
  const apply = (...xs: Value[]): Value[] =>
    named(name).bind(xs, c.params ?? {});
  const eager = (xs: readonly Nd[]) =>
    apply(...xs.map((x, i) => toArray(x, dtypes[i]))).map(toNd);
  const outDtypes = named(name)
    .rules.type(
      args.map((x, i) => ({ shape: x.shape, dtype: dtypes[i] })),
      c.params ?? {},
    )
    .map((type) => type.dtype);
  const tolerance = Math.max(
    ...[...dtypes, ...outDtypes].map((d) => tolerances[d]),
  );
  return { args, draw, dtypes, outDtypes, apply, eager, tolerance };
}

export const dtypesOf = (row: Row, c: Case) => c.dtypes ?? row.dtypes;
