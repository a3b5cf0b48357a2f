/** @file x log y and its kin, with the limit 0 where x is 0. */
import { partials } from "../rules/diff.ts";
import type { Value } from "../tracer.ts";
import { and, div, log, mul, neg } from "./elementwise.ts";
import { log1p } from "./math.ts";
import {
  cases,
  choose,
  less,
  minus,
  plus,
  same,
  special,
} from "./special-arith.ts";

const zeroTimes = (x: Value, y: Value, f: (y: Value) => Value): Value =>
  choose(and(same(x, 0), same(y, y)), 0, mul(x, f(y)));

/** x log y */
export const xlogy = special(
  "xlogy",
  2,
  (x, y) => zeroTimes(x, y, log),
  partials(
    (dx, _out, _x, y) => mul(dx, log(y)),
    (dy, _out, x, y) => mul(dy, div(x, y)),
  ),
);

/** x log(1 + y) */
export const xlog1py = special(
  "xlog1py",
  2,
  (x, y) => zeroTimes(x, y, log1p),
  partials(
    (dx, _out, _x, y) => mul(dx, log1p(y)),
    (dy, _out, x, y) => mul(dy, div(x, plus(y, 1))),
  ),
);

/** -x log x */
export const entr = special(
  "entr",
  1,
  (x) =>
    cases(
      [
        [less(x, 0), -Infinity],
        [same(x, 0), 0],
      ],
      neg(mul(x, log(x))),
    ),
  partials((dx, _y, x) =>
    mul(dx, choose(less(x, 0), 0, neg(minus(log(x), -1)))),
  ),
);
