/** @file Divisors and multiples of integers. */
import { whileLoop } from "../control/while.ts";
import { isFloat } from "../dtype.ts";
import * as p from "../primitives/elementwise.ts";
import { zeros } from "../primitives/fill.ts";
import * as m from "../primitives/math.ts";
import type { Value } from "../tracer.ts";
import type { ArrayLike } from "../value.ts";
import { promote } from "./promote.ts";
import { any } from "./reduce.ts";

function integers(who: string, x: ArrayLike, y: ArrayLike): Value[] {
  const operands = promote(who, [x, y]);
  const { dtype } = operands[0];
  if (isFloat(dtype) || dtype === "bool")
    throw new TypeError(`${who}: expected integers, got ${dtype}`);
  return operands.map(m.abs);
}

const isZero = (x: Value): Value => p.eq(x, zeros(x.type));

/** The greatest common divisor, by Euclid's algorithm on all elements together; of 0 and x, |x| (jax.numpy.gcd). */
export function gcd(x: ArrayLike, y: ArrayLike): Value {
  const [divisor] = whileLoop(
    ([, b]: [Value, Value]) => any(p.not(isZero(b))),
    ([a, b]: [Value, Value]): [Value, Value] => {
      const done = isZero(b);
      return [p.select(done, a, b), p.select(done, b, m.rem(a, b))];
    },
    integers("gcd", x, y) as [Value, Value],
  );
  return divisor;
}

/** The least common multiple, 0 where an operand is (jax.numpy.lcm). */
export function lcm(x: ArrayLike, y: ArrayLike): Value {
  const [a, b] = integers("lcm", x, y);
  return p.mul(a, p.div(b, gcd(a, b)));
}
