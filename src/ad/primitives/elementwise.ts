/** @file The elementwise primitives everything else is written with: arithmetic, comparison, choice, conversion. */
import { isFloat, type DType } from "../dtype.ts";
import { ir } from "../lowering/kernel.ts";
import { Unknown, definePrimitive } from "../primitive.ts";
import { elementwise } from "../rules/batch.ts";
import { constant } from "../rules/constant.ts";
import { bilinear, linear, partials } from "../rules/diff.ts";
import { sameShape, showType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { fill, zeros } from "./fill.ts";
import { binary, compare, define, equalTypes, unary } from "./pointwise.ts";

const like = (x: Value, value: number) => fill(value, x.type);
/** The cotangent for every operand the program is linear in. */
const toUnknown = (ct: Value) => (x: Value | Unknown) =>
  x instanceof Unknown ? ct : null;

export const neg = unary(
  "neg",
  "number",
  linear((ct) => [neg(ct)]),
);
export const exp = unary(
  "exp",
  "float",
  partials((dx, y) => mul(dx, y)),
);
export const log = unary(
  "log",
  "float",
  partials((dx, _y, x) => div(dx, x)),
);
/** d tanh(x) = (1 - tanh(x)^2) dx */
export const tanh = unary(
  "tanh",
  "float",
  partials((dx, y) => mul(dx, sub(like(y, 1), mul(y, y)))),
);
/** 1 / (1 + exp(-x)); d = y (1 - y) dx */
export const logistic = unary(
  "logistic",
  "float",
  partials((dx, y) => mul(dx, mul(y, sub(like(y, 1), y)))),
);
export const sqrt = unary(
  "sqrt",
  "float",
  partials((dx, y) => div(dx, add(y, y))),
);

/** Every bit of an integer, or the truth of a bool, inverted. */
export const not = unary("not", "bits", constant());

export const add = binary(
  "add",
  "number",
  linear((ct, args) => args.map(toUnknown(ct))),
);
export const sub = binary(
  "sub",
  "number",
  linear((ct, [x, y]) => [
    toUnknown(ct)(x),
    y instanceof Unknown ? neg(ct) : null,
  ]),
);
export const mul = binary(
  "mul",
  "number",
  bilinear(
    (ct, y) => mul(ct, y),
    (ct, x) => mul(x, ct),
  ),
);
/** d(x/y) = dx/y - (x/y) dy/y: linear in x, not in y. */
export const div = binary("div", "number", {
  ...partials(
    (dx, _out, _x, y) => div(dx, y),
    (dy, out, _x, y) => neg(div(mul(out, dy), y)),
  ),
  transpose(_self, [ct], [x, y]) {
    if (y instanceof Unknown)
      throw new TypeError(
        "div: cannot be transposed because it is not linear in its divisor",
      );
    return [ct && x instanceof Unknown ? div(ct, y) : null, null];
  },
});
/** At a tie each operand takes half of the tangent. */
export const max = binary(
  "max",
  "number",
  partials(
    (dx, out, x, y) => mul(dx, tieShare(x, out, y)),
    (dy, out, x, y) => mul(dy, tieShare(y, out, x)),
  ),
);
export const min = binary(
  "min",
  "number",
  partials(
    (dx, out, x, y) => mul(dx, tieShare(x, out, y)),
    (dy, out, x, y) => mul(dy, tieShare(y, out, x)),
  ),
);

export const and = binary("and", "bits", constant());
export const or = binary("or", "bits", constant());

/** 1 where `x` alone is the chosen value, 1/2 where both are, 0 elsewhere. */
const tieShare = (x: Value, out: Value, other: Value): Value =>
  select(
    eq(x, out),
    select(eq(other, out), like(x, 0.5), like(x, 1)),
    zeros(x.type),
  );

export const eq = compare("eq");
export const lt = compare("lt");
export const le = compare("le");

const selectP = define(
  "select",
  linear(
    (ct, [p, x, y]) => {
      const zero = zeros(ct.type);
      return [
        null,
        x instanceof Unknown ? select(p as Value, ct, zero) : null,
        y instanceof Unknown ? select(p as Value, zero, ct) : null,
      ];
    },
    [1, 2],
  ),
  ([p, x, y]) => {
    equalTypes("select", [x, y]);
    if (p.dtype !== "bool" || !sameShape(p.shape, x.shape)) {
      throw new TypeError(
        `select: expected a bool predicate shaped like ${showType(x)}, got ${showType(p)}`,
      );
    }
    return [x];
  },
  (b, inputs, [out]) => {
    const [p, x, y] = inputs.map((input, i) => ir.arg(i, input.type.dtype));
    return [b.emit({ kind: "map", inputs, expr: ir.select(p, x, y) }, out)];
  },
);
/** `x` where `p`, else `y`. */
export const select = (p: Value, x: Value, y: Value): Value =>
  selectP.bind([p, x, y], {})[0];

const convertP = definePrimitive<{ dtype: DType }>("convert", {
  type: ([x], { dtype }) => [{ shape: x.shape, dtype }],
  diff: {
    // Between float types converting is linear; to or from other types the derivative is zero.
    jvp: (self, [x], [dx], params) => [
      self.bind([x], params),
      [
        dx && isFloat(params.dtype) && isFloat(x.dtype)
          ? self.bind([dx], params)
          : [],
      ],
    ],
    transpose: (_self, [ct], [x]) => [
      ct && isFloat(x.type.dtype) ? convert(ct, x.type.dtype) : null,
    ],
  },
  batch: elementwise,
  lower: (b, [input], [out]) => [
    b.emit(
      {
        kind: "map",
        inputs: [input],
        expr: ir.convert(ir.arg(0, input.type.dtype), out.dtype),
      },
      out,
    ),
  ],
});
/** Another dtype: floats are truncated toward zero, bool is 0 or 1, and bool from a number is `x != 0`. */
export const convert = (x: Value, dtype: DType): Value =>
  x.dtype === dtype ? x : convertP.bind([x], { dtype })[0];

const stopGradientP = define(
  "stopGradient",
  constant(),
  ([x]) => [x],
  (b, [input], [out]) => [b.emit({ kind: "reshape", input }, out)],
);
/** `x` itself, as a constant to every derivative. */
export const stopGradient = (x: Value): Value => stopGradientP.bind([x], {})[0];
