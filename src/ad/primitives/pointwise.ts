/** @file Making an elementwise primitive from the name of its operation, the dtypes it takes, and its derivative. */
import { isFloat, type DType } from "../dtype.ts";
import {
  ir,
  type BinaryOp,
  type CompareOp,
  type UnaryOp,
} from "../lowering/kernel.ts";
import {
  definePrimitive,
  type Differentiation,
  type Primitive,
  type Rules,
} from "../primitive.ts";
import { elementwise } from "../rules/batch.ts";
import { constant } from "../rules/constant.ts";
import { sameShape, showType, type ArrayType } from "../shape.ts";
import type { Value } from "../tracer.ts";

type NoParams = Record<string, never>;

/** Refuses operands that are not of one shape and dtype. */
export function equalTypes(name: string, inputs: readonly ArrayType[]): void {
  for (const t of inputs) {
    if (!sameShape(t.shape, inputs[0].shape) || t.dtype !== inputs[0].dtype) {
      throw new TypeError(
        `${name}: expected operands of one shape and dtype, got ${inputs.map(showType).join(" and ")}`,
      );
    }
  }
}

/** An elementwise primitive without parameters. */
export function define(
  name: string,
  diff: Differentiation<NoParams>,
  type: Rules<NoParams>["type"],
  lower: Rules<NoParams>["lower"],
): Primitive<NoParams> {
  return definePrimitive<NoParams>(name, {
    type,
    diff,
    batch: elementwise,
    lower,
  });
}

type Domain = "number" | "float" | "integer" | "bits";
const domains: Record<Domain, (dtype: DType) => boolean> = {
  number: (dtype) => dtype !== "bool",
  float: isFloat,
  integer: (dtype) => !isFloat(dtype) && dtype !== "bool",
  bits: (dtype) => !isFloat(dtype),
};

const domainNames: Record<Domain, string> = {
  number: "a number",
  float: "a float",
  integer: "an integer",
  bits: "an integer or bool",
};

function inDomain(name: string, domain: Domain, { dtype }: ArrayType): void {
  if (!domains[domain](dtype))
    throw new TypeError(
      `${name}: expected ${domainNames[domain]} dtype, got ${dtype}`,
    );
}

/** One operation on one operand. */
export function unary(
  name: UnaryOp,
  domain: Domain,
  diff: Differentiation<NoParams>,
): (x: Value) => Value {
  const p = define(
    name,
    diff,
    ([x]) => (inDomain(name, domain, x), [x]),
    (b, inputs, [out]) => [
      b.emit(
        { kind: "map", inputs, expr: ir.unary(name, ir.arg(0, out.dtype)) },
        out,
      ),
    ],
  );
  return (x) => p.bind([x], {})[0];
}

/** One operation on two operands of one type. */
export function binary(
  name: BinaryOp,
  domain: Domain,
  diff: Differentiation<NoParams>,
): (x: Value, y: Value) => Value {
  const p = define(
    name,
    diff,
    (inputs) => (
      equalTypes(name, inputs),
      inDomain(name, domain, inputs[0]),
      [inputs[0]]
    ),
    (b, inputs, [out]) => [
      b.emit(
        {
          kind: "map",
          inputs,
          expr: ir.binary(name, ir.arg(0, out.dtype), ir.arg(1, out.dtype)),
        },
        out,
      ),
    ],
  );
  return (x, y) => p.bind([x, y], {})[0];
}

/** A bool from two operands of one type. */
export function compare(name: CompareOp): (x: Value, y: Value) => Value {
  const p = define(
    name,
    constant(),
    (inputs) => (
      equalTypes(name, inputs),
      [{ shape: inputs[0].shape, dtype: "bool" }]
    ),
    (b, inputs, [out]) => {
      const args = inputs.map((x, i) => ir.arg(i, x.type.dtype));
      return [
        b.emit(
          { kind: "map", inputs, expr: ir.compare(name, args[0], args[1]) },
          out,
        ),
      ];
    },
  );
  return (x, y) => p.bind([x, y], {})[0];
}
