/** @file The derivative kinds `linear`, `bilinear` and `partials`: each gives a jvp and, where it exists, a transpose. */
import { zeros } from "../primitives/fill.ts";
import { Unknown, type Differentiation, type Tangent } from "../primitive.ts";
import type { Value } from "../tracer.ts";

type Operand = Value | Unknown;

/** Linear in `operands` together (by default in all of them): the tangent takes the same primitive. */
export function linear<P>(
  transpose: (ct: Value, args: readonly Operand[], params: P) => Tangent[],
  operands?: readonly number[],
): Differentiation<P> {
  const isLinear = (i: number) =>
    operands === undefined || operands.includes(i);
  return {
    jvp(self, primals, tangents, params) {
      const out = self.bind(primals, params);
      if (!tangents.some((t, i) => t !== null && isLinear(i)))
        return [out, [[]]];
      const args = primals.map((x, i) =>
        isLinear(i) ? (tangents[i] ?? zeros(x.type)) : x,
      );
      return [out, [self.bind(args, params)]];
    },
    transpose: (_self, [ct], args, params) =>
      ct ? transpose(ct, args, params) : args.map(() => null),
  };
}

/** Linear in each of two operands separately: d(x.y) = dx.y + x.dy. */
export function bilinear<P>(
  left: (ct: Value, y: Value, x: Unknown, params: P) => Value,
  right: (ct: Value, x: Value, y: Unknown, params: P) => Value,
): Differentiation<P> {
  return {
    jvp: (self, [x, y], [dx, dy], params) => [
      self.bind([x, y], params),
      [
        [
          ...(dx ? self.bind([dx, y], params) : []),
          ...(dy ? self.bind([x, dy], params) : []),
        ],
      ],
    ],
    transpose(self, [ct], [x, y], params) {
      if (!ct) return [null, null];
      if (x instanceof Unknown) {
        if (y instanceof Unknown) throw nonlinear(self.name);
        return [left(ct, y, x, params), null];
      }
      return [null, y instanceof Unknown ? right(ct, x, y, params) : null];
    },
  };
}

/** One partial derivative for each operand, called as (tangent, output, ...operands). */
export const partials = <P>(
  ...rules: ((dx: Value, out: Value, ...xs: Value[]) => Value)[]
): Differentiation<P> => ({
  jvp(self, primals, tangents, params) {
    const [out] = self.bind(primals, params);
    const terms = rules.flatMap((rule, i) => {
      const dx = tangents[i];
      return dx ? [rule(dx, out, ...primals)] : [];
    });
    return [[out], [terms]];
  },
  transpose(self) {
    throw nonlinear(self.name);
  },
});

const nonlinear = (name: string) =>
  new TypeError(
    `${name}: cannot be transposed because it is not linear in its unknown operands`,
  );
