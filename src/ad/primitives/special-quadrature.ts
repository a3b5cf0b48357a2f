/** @file A sum over fixed nodes as a loop: the memory of one operand, however many nodes. */
import { array } from "../array.ts";
import { scan } from "../control/scan.ts";
import type { Value } from "../tracer.ts";
import { fill } from "./fill.ts";
import { broadcast } from "./structural.ts";
import { mul } from "./elementwise.ts";
import { plus } from "./special-arith.ts";
import { gaussLegendre } from "./special-numbers.ts";

const everyElement = (x: Value, like: Value): Value =>
  broadcast(x, like.shape, []);

const rule = gaussLegendre(48);

/** The integral of `f` from 0 to `end`, which may differ element by element; `f` is smooth there. */
export function integral(end: Value, f: (at: Value) => Value): Value {
  const nodes = array(rule.at, { dtype: "float64" });
  const weights = array(rule.weight, { dtype: "float64" });
  const [sum] = scan(
    (total: Value, [at, weight]: readonly [Value, Value]) => {
      const value = f(mul(end, everyElement(at, end)));
      return [plus(total, mul(value, everyElement(weight, end))), null];
    },
    fill(0, end.type),
    [nodes, weights] as const,
  );
  return mul(sum, end);
}

/** The sum over k = 1..count of terms made one from another: `next(term, k)`, from `first`, which is not in the sum. */
export function series(
  first: Value,
  count: number,
  next: (term: Value, k: Value) => readonly [term: Value, addend: Value],
): Value {
  const steps = array(
    Array.from({ length: count }, (_, i) => i + 1),
    { dtype: "float64" },
  );
  const [[, sum]] = scan(
    ([term, total]: readonly [Value, Value], step: Value) => {
      const [then, addend] = next(term, everyElement(step, term));
      return [[then, plus(total, addend)] as const, null];
    },
    [first, fill(0, first.type)] as const,
    steps,
  );
  return sum;
}
