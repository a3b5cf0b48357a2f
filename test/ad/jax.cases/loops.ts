/** @file Loops that count or wait, branches, maps: programs of goldens/cases/loops.py. */
import {
  jvp,
  lax,
  numpy as np,
  scalar,
  vmap,
  type Value,
} from "../../../src/ad/index.ts";
import {
  ARRAYS,
  SMOOTH,
  element,
  golden,
  type Fn,
  type Golden,
  type Variant,
} from "./families.ts";

const { add, exp, matmul, multiply, sin, subtract, sum } = np;
const DERIVED: readonly Variant[] = ["value", "grad", "hvp"];
const VALUE: readonly Variant[] = ["value"];
const BATCHED: readonly Variant[] = ["value", "vmap"];

const loop = (
  name: string,
  f: Fn,
  variants: readonly Variant[] = DERIVED,
): Golden => golden(`lax.${name}`, f, variants);

const square = (x: Value): Value => multiply(x, x);
const under = (limit: number) => (c: Value) => np.less(sum(c), limit);
const counted: Golden[] = [
  loop(
    "foriLoop.power",
    (x) => lax.foriLoop(0, 5, (i, c) => add(multiply(c, x), i), np.onesLike(x)),
    SMOOTH,
  ),
  loop("foriLoop.index", (x) =>
    lax.foriLoop(
      1,
      4,
      (i, c) => add(c, multiply(np.take(x, i, 0), i)),
      scalar(0, x.dtype),
    ),
  ),
  loop(
    "foriLoop.none",
    (x) => lax.foriLoop(3, 1, (_i, c) => multiply(c, 2), x),
    VALUE,
  ),
  loop(
    "foriLoop.traced",
    (x, n) => lax.foriLoop(0, n, (i, c) => add(multiply(c, 0.5), i), x),
    BATCHED,
  ),
  loop(
    "whileLoop.doubling",
    (x) => lax.whileLoop(under(40), (c) => multiply(c, 2), x),
    BATCHED,
  ),
  loop(
    "whileLoop.state",
    (x) =>
      lax.whileLoop(
        ([n]: Value[]) => np.less(n, 6),
        ([n, c]: Value[]) => [add(n, 2), add(sin(c), n)],
        [scalar(0, "int32") as Value, x],
      ),
    BATCHED,
  ),
  loop(
    "whileLoop.never",
    (x) => lax.whileLoop(under(-100), (c) => multiply(c, 2), x),
    VALUE,
  ),
  loop(
    "whileLoop.jvp",
    (x, t) =>
      jvp(
        (v: Value) => lax.whileLoop(under(40), (c) => add(square(c), 1), v),
        [x],
        [t],
      ),
    VALUE,
  ),
  loop(
    "whileLoop.newton",
    (x) =>
      vmap((a: Value) =>
        lax.whileLoop(
          (r) => np.greater(np.abs(subtract(square(r), a)), 1e-3),
          (r) => multiply(0.5, add(r, np.divide(a, r))),
          a,
        ),
      )(add(np.abs(x), 2)),
    VALUE,
  ),
];

const positive = (x: Value): Value => np.greater(x, 0);
const branches = [
  (v: Value) => sin(v),
  square,
  (v: Value) => multiply(exp(v), v),
] as const;
const choices: Golden[] = [
  ...[0, 9].map((limit) =>
    loop(`cond.${limit === 0}`, (x) =>
      lax.cond(np.greater(sum(x), limit), (v: Value) => sin(v), square, x),
    ),
  ),
  loop("cond.vmapped", (x) =>
    vmap((v: Value) => lax.cond(positive(v), (u: Value) => sin(u), square, v))(
      x,
    ),
  ),
  loop("cond.tree", (x, y) =>
    lax.cond(
      positive(element(x, 0)),
      (a: Value, b: Value) => ({ p: a, q: b }),
      (a: Value, b: Value) => ({ p: b, q: multiply(a, b) }),
      x,
      y,
    ),
  ),
  loop("cond.inScan", (xs) =>
    lax.scan(
      (c: Value, x: Value) =>
        lax.cond(
          positive(x),
          (a: Value) => [multiply(a, x), a] as const,
          (a: Value) => [subtract(a, x), x] as const,
          c,
        ),
      scalar(1, xs.dtype),
      xs,
    ),
  ),
  ...[0, 2, 7].map((index) =>
    loop(`switch.index${index}`, (x, i) => lax.switch(i, branches, x)),
  ),
  loop("switch.vmapped", (x, i) =>
    vmap((v: Value, k: Value) => lax.switch(k, branches, v))(x, i),
  ),
];

const maps: Golden[] = [
  loop("map.rows", (xs) => lax.map((x: Value) => np.outer(x, x), xs), SMOOTH),
  loop("map.tree", (xs, ys) =>
    lax.map(
      (p: { a: Value; b: Value }) => ({ s: add(p.a, p.b), t: sum(p.a) }),
      { a: xs, b: ys },
    ),
  ),
  loop(
    "associativeScan.sum",
    (x) => lax.associativeScan((a: Value, b: Value) => add(a, b), x),
    SMOOTH,
  ),
  loop(
    "associativeScan.product",
    (x) =>
      lax.associativeScan((a: Value, b: Value) => multiply(a, b), x, {
        reverse: true,
      }),
    SMOOTH,
  ),
  loop(
    "associativeScan.axis",
    (x) =>
      lax.associativeScan((a: Value, b: Value) => np.maximum(a, b), x, {
        axis: 1,
      }),
    ARRAYS,
  ),
  loop("associativeScan.matrices", (m) =>
    lax.associativeScan((a: Value, b: Value) => matmul(a, b), m),
  ),
  loop("associativeScan.affine", (a, b) =>
    lax.associativeScan(
      (l: Value[], r: Value[]) => [
        multiply(l[0], r[0]),
        add(multiply(r[0], l[1]), r[1]),
      ],
      [a, b],
    ),
  ),
];

export const goldens: Golden[] = [...counted, ...choices, ...maps];
