/** @file Scans, an RNN and an mLSTM cell among them: programs of goldens/cases/loops.py. */
import {
  checkpoint,
  hessian,
  jacfwd,
  jacrev,
  numpy as np,
  scalar,
  scan,
  type Value,
} from "../../../src/ad/index.ts";
import {
  SMOOTH,
  golden,
  type Fn,
  type Golden,
  type Variant,
} from "./families.ts";

const { add, matmul, multiply, sin, subtract, sum, tanh } = np;
const DERIVED: readonly Variant[] = ["value", "grad", "hvp"];
const VALUE: readonly Variant[] = ["value"];

const loop = (
  name: string,
  f: Fn,
  variants: readonly Variant[] = DERIVED,
): Golden => golden(`lax.${name}`, f, variants);

const decay = (c: Value, x: Value): readonly [Value, Value] => [
  add(multiply(0.5, c), x),
  multiply(c, x),
];
const steps = (f: (c: Value) => Value, init: Value, length: number): Value =>
  scan((c: Value, _: null) => [f(c), c] as const, init, null, {
    length,
  })[0];
const flipped = (x: Value): Value => np.flip(x, 0);

const rnn: Fn = (w, u, b, h, xs) =>
  scan(
    (c: Value, x: Value) => {
      const next = tanh(add(add(matmul(w, c), matmul(u, x)), b));
      return [next, next] as const;
    },
    h,
    xs,
  )[1];

const mlstm: Fn = (wx, wh, wmx, wmh, bias, xs) => {
  const cell = ([h, c]: [Value, Value], x: Value) => {
    const m = multiply(matmul(x, wmx), matmul(h, wmh));
    const z = add(add(matmul(x, wx), matmul(m, wh)), bias);
    const [i, f, o, u] = np.split(z, 4);
    const cell = add(
      multiply(np.sigmoid(f), c),
      multiply(np.sigmoid(i), tanh(u)),
    );
    const out = multiply(np.sigmoid(o), tanh(cell));
    return [[out, cell], out] as [[Value, Value], Value];
  };
  const zero = np.zeros([4], wx.dtype);
  const [[h, c], hs] = scan(cell, [zero, zero], xs);
  return [h, c, np.mean(hs, { axis: 0 })];
};

export const goldens: Golden[] = [
  loop("scan.forward", (h, xs) => scan(decay, h, xs), SMOOTH),
  loop(
    "scan.reverse",
    (h, xs) => scan(decay, h, xs, { reverse: true }),
    SMOOTH,
  ),
  loop(
    "scan.length",
    (h) =>
      scan((c: Value, _: null) => [add(sin(c), c), c] as const, h, null, {
        length: 5,
      }),
    SMOOTH,
  ),
  loop("scan.tree", (h, xs) =>
    scan(
      (c: { n: Value; v: Value }, x: { a: Value; b: Value }) =>
        [
          { n: add(c.n, 1), v: multiply(c.v, x.a) },
          { o: subtract(c.v, x.b) },
        ] as const,
      { n: scalar(0, "int32"), v: h },
      { a: xs, b: flipped(xs) },
    ),
  ),
  loop("scan.closure", (h, xs, w) =>
    scan(
      (c: Value, x: Value) => [tanh(add(matmul(w, c), x)), sum(c)] as const,
      h,
      xs,
    ),
  ),
  loop("scan.nested", (h, xs) =>
    scan(
      (c: Value, x: Value) =>
        [steps((d) => multiply(sin(d), x), c, 2), sum(c)] as const,
      h,
      xs,
    ),
  ),
  loop("scan.reverseOfForward", (h, xs) =>
    scan(decay, h, scan(decay, h, xs)[1], { reverse: true }),
  ),
  loop(
    "scan.zeroSteps",
    (h) =>
      scan((c: Value, _: null) => [multiply(c, 2), c] as const, h, null, {
        length: 0,
      }),
    ["value", "grad"],
  ),
  loop(
    "scan.jacfwd",
    jacfwd((h: Value, xs: Value) => scan(decay, h, xs)),
    VALUE,
  ),
  loop(
    "scan.jacrev",
    jacrev((h: Value, xs: Value) => scan(decay, h, xs)),
    VALUE,
  ),
  loop(
    "scan.hessian",
    hessian((v: Value) => sum(steps((c) => multiply(sin(c), c), v, 3))),
    VALUE,
  ),
  loop(
    "scan.checkpointed",
    (h, xs) =>
      scan(
        checkpoint(
          (c: Value, x: Value) => [add(tanh(multiply(c, x)), c), null] as const,
        ),
        h,
        xs,
      )[0],
  ),
  loop("scan.rnn", rnn, SMOOTH),
  loop("scan.mlstm", mlstm, SMOOTH),
];
