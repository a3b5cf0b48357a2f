/** @file The transforms: the programs of goldens/cases/transforms.py. */
import {
  checkpoint,
  customJvp,
  customVjp,
  grad,
  hessian,
  jacfwd,
  jacrev,
  jit,
  jvp,
  linearize,
  numpy as np,
  scalar,
  stopGradient,
  valueAndGrad,
  vjp,
  vmap,
  type Value,
} from "../../../src/ad/index.ts";
import { element, golden, type Fn, type Golden } from "./families.ts";

type Matrix = (m: Value) => Value;

const f = (x: Value, y: Value): Value =>
  np.sum(np.add(np.multiply(np.sin(x), y), np.multiply(np.multiply(x, x), y)));

const vector = (x: Value): Value => {
  const [a, b, c] = [0, 1, 2].map((i) => element(x, i));
  return np.stack([
    np.multiply(a, b),
    np.sin(c),
    np.multiply(a, np.power(c, 2)),
    np.sum(np.exp(x)),
  ]);
};

const twice = (x: Value): Value => np.multiply(2, x);
const sumOf =
  (g: (x: Value) => Value) =>
  (x: Value): Value =>
    np.sum(g(x));
const parts = (p: { x: Value; y: Value }) => ({
  u: np.multiply(p.x, p.y),
  v: np.sum(p.x),
});
const outerSine = (x: Value, y: Value): Value => np.outer(x, np.sin(y));

const log1pexp: (x: Value) => Value = customJvp(
  (x: Value) => np.log(np.add(1, np.exp(x))),
  ([x], [t]) => [
    log1pexp(x),
    np.multiply(t, np.subtract(1, np.divide(1, np.add(1, np.exp(x))))),
  ],
);
const clipped = customVjp(
  (x: Value, _low: Value) => np.multiply(x, x),
  (x, low) => [np.multiply(x, x), { x, low }],
  ({ x, low }, ct) => [
    np.maximum(np.multiply(twice(x), ct), low),
    np.zerosLike(low),
  ],
);
const squareSum = (g: (x: Value) => Value) => (x: Value) =>
  np.sum(np.power(g(x), 2));

const programs: Record<string, Fn> = {
  "grad.first": grad(f),
  "grad.second": grad(f, { argnums: 1 }),
  "grad.both": grad(f, { argnums: [0, 1] }),
  "grad.swapped": grad(f, { argnums: [1, 0] }),
  "grad.negative": grad(f, { argnums: -1 }),
  "grad.aux": grad(
    (x: Value) => [np.sum(np.power(x, 3)), { double: twice(x) }] as const,
    { hasAux: true },
  ),
  "grad.tree": (x, y) =>
    grad((p: { a: Value[]; b: Value }) => f(p.b, p.a[0]))({ a: [y], b: x }),
  "grad.integers": grad((p: Value) => np.sum(np.multiply(p, np.arange(3)))),
  "grad.nested": grad(squareSum(grad(sumOf((u) => np.multiply(np.sin(u), u))))),
  "grad.third": vmap(
    grad(grad(grad((v: Value) => np.multiply(np.tanh(v), v)))),
  ),
  "grad.perturbationConfusion": (x) =>
    grad((a: Value) =>
      np.multiply(a, grad((b: Value) => np.add(a, b))(scalar(1))),
    )(element(x, 0)),
  "valueAndGrad.plain": valueAndGrad(f),
  "valueAndGrad.aux": valueAndGrad(
    (x: Value) => [np.sum(np.cos(x)), np.add(x, 1)] as const,
    { hasAux: true },
  ),
  "valueAndGrad.both": valueAndGrad(f, { argnums: [0, 1] }),
  "vjp.vector": (x, c) => {
    const [out, pull] = vjp(vector, [x]);
    return [out, pull(c)];
  },
  "vjp.tree": (x, y) =>
    vjp(
      (a: Value, b: Value) => ({
        s: np.sum(np.multiply(a, b)),
        p: np.add(a, b),
      }),
      [x, y],
    )[1]({ s: np.sum(x), p: y }),
  "vjp.twice": (x, c) => {
    const [, pull] = vjp(vector, [x]);
    return [pull(c), pull(twice(c))];
  },
  "jvp.vector": (x, t) => jvp(vector, [x], [t]),
  "jvp.two": (x, y) => jvp(f, [x, y], [y, x]),
  "jvp.nested": (x, t) => jvp((v: Value) => jvp(vector, [v], [t])[1], [x], [t]),
  "jvp.ofGrad": (x, t) =>
    jvp(grad(sumOf((v) => np.multiply(np.exp(v), v))), [x], [t]),
  "jvp.ofVjp": (x, t, c) =>
    jvp((v: Value) => vjp(vector, [v])[1](c)[0], [x], [t]),
  "linearize.vector": (x, t) => {
    const [out, push] = linearize(vector, [x]);
    return [out, push(t), push(twice(t))];
  },
  "linearize.two": (x, y) => {
    const [out, push] = linearize(f, [x, y]);
    return [out, push(y, x)];
  },
  "jacfwd.vector": jacfwd(vector),
  "jacrev.vector": jacrev(vector),
  "jacfwd.argnums": jacfwd(outerSine, { argnums: [0, 1] }),
  "jacrev.argnums": jacrev(outerSine, { argnums: [0, 1] }),
  "jacrev.tree": (x, y) => jacrev(parts)({ x, y }),
  "jacfwd.tree": (x, y) => jacfwd(parts)({ x, y }),
  "jacfwd.matrix": jacfwd((m: Value) => np.matmul(m, np.transpose(m))),
  "hessian.scalar": hessian((x: Value) =>
    np.add(np.prod(x), np.sum(np.sin(x))),
  ),
  "hessian.vector": hessian(vector),
  "hessian.argnums": hessian(f, { argnums: [0, 1] }),
  "hessian.jacfwdOfJacfwd": jacfwd(jacfwd(vector) as Matrix),
  "hessian.jacrevOfJacrev": jacrev(jacrev(vector) as Matrix),
  "hessian.jacrevOfJacfwd": jacrev(jacfwd(vector) as Matrix),
  "vmap.rows": vmap(vector),
  "vmap.columns": vmap((x: Value) => np.cumsum(x), 1, 1),
  "vmap.fixed": vmap(f, [0, null]),
  "vmap.lastAxis": vmap(f, [-1, 0]),
  "vmap.trees": (x, y) =>
    vmap(
      (p: { u: Value; v: Value }, q: Value) => ({
        a: np.multiply(p.u, q),
        b: np.sum(p.v),
      }),
      [{ u: 0, v: null }, 0],
      { a: 1, b: 0 },
    )({ u: x, v: y }, x),
  "vmap.unbatchedResult": vmap(
    (a: Value, b: Value) => [a, np.sin(b)],
    [0, null],
    [0, null],
  ),
  "vmap.nested": (x, y) =>
    vmap((a: Value) => vmap((b: Value) => f(a, b))(y))(x),
  "vmap.ofGrad": vmap(grad(f) as Fn, [0, null]),
  "vmap.ofHessian": vmap(hessian(vector)),
  "vmap.ofJvp": vmap((x: Value, t: Value) => jvp(vector, [x], [t])),
  "vmap.underGrad": grad(squareSum(vmap(vector))),
  "jit.inlined": grad(jit(f)),
  "jit.nested": (x) => jit(vector)(jit((v: Value) => np.sin(v))(x)),
  "stopGradient.factor": grad((x: Value) =>
    np.sum(np.multiply(x, stopGradient(np.multiply(x, x)))),
  ),
  "stopGradient.all": grad((x: Value) => np.sum(stopGradient(np.sin(x)))),
  "stopGradient.jvp": (x, t) =>
    jvp((v: Value) => np.multiply(v, stopGradient(v)), [x], [t]),
  "checkpoint.grad": grad((x: Value) => {
    const kept = checkpoint((v: Value) => np.sin(np.sin(v)));
    return np.sum(np.multiply(kept(x), x));
  }),
  "checkpoint.hessian": hessian(
    sumOf(checkpoint((v: Value) => np.exp(np.sin(v)))),
  ),
  "checkpoint.vmap": vmap(grad((x: Value) => checkpoint(f)(x, np.cos(x)))),
  "customJvp.grad": grad(sumOf((x) => np.multiply(log1pexp(x), x))),
  "customJvp.hessian": hessian(sumOf((x) => np.multiply(log1pexp(x), x))),
  "customJvp.vmap": vmap(vmap(grad(log1pexp))),
  "customVjp.grad": grad(
    (x: Value, low: Value) => np.sum(np.multiply(clipped(x, low), x)),
    { argnums: [0, 1] },
  ),
  "customVjp.vmap": vmap(
    grad((x: Value) => np.sum(clipped(x, scalar(0.25, x.dtype)))),
  ),
  "customVjp.secondReverse": jacrev<[Value], Value>(
    grad((x: Value) =>
      np.sum(np.multiply(clipped(x, scalar(-0.5, x.dtype)), x)),
    ),
  ),
};

export const goldens: Golden[] = Object.entries(programs).map(([name, run]) =>
  golden(`transforms.${name}`, run),
);
