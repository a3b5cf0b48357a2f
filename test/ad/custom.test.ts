/** @file Derivatives of one's own, checkpoint and stopGradient: which rule is used when, in every transform. */
import { describe, expect, test } from "vitest";
import {
  array,
  checkpoint,
  customJvp,
  customVjp,
  grad,
  hessian,
  jacfwd,
  jit,
  jvp,
  linearize,
  makeJaxpr,
  numpy as np,
  scan,
  stopGradient,
  valueAndGrad,
  vjp,
  vmap,
  type Value,
} from "../../src/ad/index.ts";

const f64 = (data: number | readonly number[]) =>
  array(data, { dtype: "float64" }) as Value;
const x = f64([0.5, -1, 2]);
const xs = [0.5, -1, 2];
const closeTo = (got: Value, want: readonly number[]) =>
  (got.tolist() as number[]).forEach((v, i) =>
    expect(v).toBeCloseTo(want[i], 10),
  );

/** softplus whose derivative is claimed to be twice the sigmoid, so that the rule's use shows. */
const softplus = (x: Value) => np.log(np.add(np.exp(x), 1));
const jvpRule = customJvp(softplus, ([x], [t]) => [
  softplus(x),
  np.multiply(np.multiply(t, 2), np.sigmoid(x)),
]);
const vjpRule = customVjp(
  softplus,
  (x) => [softplus(x), { x }] as const,
  ({ x }, ct) => [np.multiply(np.multiply(ct, 2), np.sigmoid(x))],
);
const sigmoid = (t: number) => 1 / (1 + Math.exp(-t));
const total = (f: (x: Value) => Value) => (y: Value) => np.sum(f(y));
const twice = xs.map((t) => 2 * sigmoid(t));

describe.each([
  ["customJvp", jvpRule],
  ["customVjp", vjpRule],
] as const)("%s", (_name, f) => {
  test.each([
    ["grad", () => grad(total(f))(x)],
    ["vmap of grad", () => vmap(grad(f))(x)],
    ["grad of vmap", () => grad(total(vmap(f)))(x)],
    ["grad inside jit", () => jit(grad(total(f)), { device: "js" })(x)],
    ["grad of jit", () => grad(jit(total(f), { device: "js" }))(x)],
    ["grad of checkpoint", () => grad(checkpoint(total(f)))(x)],
    ["grad through a scan", () => grad((y: Value) => scan((c: Value, v: Value) => [np.add(c, f(v)), null], f64(0), y)[0])(x)],
    ["vmap of grad through a scan", () => vmap(grad((y: Value) => scan((c: Value) => [np.add(c, f(y)), null], f64(0), null, { length: 1 })[0]))(x)],
  ] as const)("its rule is used by %s", (_title, run) => closeTo(run(), twice)); // prettier-ignore

  test("the rule is differentiated for second order", () => {
    const second = xs.map((t) => 2 * sigmoid(t) * (1 - sigmoid(t)));
    closeTo(grad(total(grad(total(f))))(x), second);
    closeTo(vmap(grad(grad(f)))(x), second);
    closeTo(np.sum(jacfwd(grad(total(f)))(x), { axis: 0 }), second);
  });

  test("values are the function's own, eager and compiled", async () => {
    const want = xs.map((t) => Math.log1p(Math.exp(t)));
    closeTo(f(x), want);
    closeTo(vmap(f)(x), want);
    const compiled = jit((y: Value) => [f(y), grad(total(f))(y)], {
      threads: 1,
    });
    const [y, g] = compiled(x);
    await g.data();
    closeTo(y, want);
    closeTo(g, twice);
    await compiled.dispose();
  });

  test("a value it closes over may be a constant but not differentiated", () => {
    const scaled = (k: Value) =>
      f === jvpRule
        ? customJvp((y: Value) => np.multiply(y, k), ([y], [t]) => [np.multiply(y, k), t])
        : customVjp((y: Value) => np.multiply(y, k), (y) => [np.multiply(y, k), null] as const, (_r, ct) => [ct]); // prettier-ignore
    expect(grad(scaled(f64(3)))(f64(2)).item()).toBe(1);
    expect(() =>
      grad((k: Value) => scaled(k)(np.multiply(k, 2)))(f64(3)),
    ).toThrow(
      /^custom(Jvp|Vjp): the function closes over a value that is being differentiated; pass it as an argument$/,
    );
  });
});

test("customVjp refuses forward mode in one sentence, and linearizes", () => {
  expect(() => jvp(vjpRule, [x], [x])).toThrow(
    /^customVjp: the function has a rule for reverse mode only .* use customJvp$/,
  );
  expect(() => linearize(vjpRule, [x])[1](x)).toThrow(/^customVjp: /);
  const [, pull] = vjp(vjpRule, [x]);
  closeTo(pull(np.multiply(x, 0))[0], [0, 0, 0]);
});

test("customVjp sums what a batch sends back to an argument it shares", () => {
  const times = customVjp(
    (x: Value, p: { k: Value }) => np.multiply(x, p.k),
    (x, p) => [np.multiply(x, p.k), { x, k: p.k }] as const,
    ({ x, k }, ct) => [np.multiply(ct, k), { k: np.multiply(ct, x) }],
  );
  const sum = (y: Value, k: Value) => np.sum(vmap(times, [0, null])(y, { k }));
  expect(grad(sum, { argnums: 1 })(x, f64(3)).item()).toBeCloseTo(1.5, 12);
  closeTo(grad(sum)(x, f64(3)), [3, 3, 3]);
});

test("customJvp handles integer arguments and trees of results", () => {
  const pick = customJvp(
    (x: Value, i: Value) => ({ chosen: np.take(x, i), i }),
    ([x, i], [dx]) => [
      { chosen: np.take(x, i), i },
      { chosen: np.multiply(np.take(dx, i), 10), i },
    ],
  );
  const at = array(2, { dtype: "int32" }) as Value;
  closeTo(grad((y: Value) => pick(y, at).chosen)(x), [0, 0, 10]);
});

describe("checkpoint", () => {
  const deep = (y: Value) => {
    let z = y;
    for (let k = 0; k < 10; k++) z = np.tanh(np.add(z, np.multiply(z, y)));
    return np.sum(z);
  };

  test("keeps only its arguments: what is computed again appears twice in the program", () => {
    const count = (f: (y: Value) => Value) => {
      const all = (jaxpr: ReturnType<ReturnType<typeof makeJaxpr>>["jaxpr"]): number =>
        jaxpr.eqns.reduce((n, { primitive, params }) => {
          const inner = Object.values(params as object).filter((p): p is typeof jaxpr => typeof p === "object" && p !== null && "eqns" in p);
          return n + Number(primitive.name === "tanh") + inner.reduce((m, j) => m + all(j), 0);
        }, 0);
      return all(makeJaxpr(valueAndGrad(f))(x).jaxpr);
    }; // prettier-ignore
    expect(count(deep)).toBe(10);
    expect(count(checkpoint(deep))).toBe(20);
  });

  test("changes no derivative, nested too", () => {
    const want = hessian(deep)(x).tolist();
    const once = checkpoint(deep);
    const nested = checkpoint((y: Value) => np.multiply(once(y), 1));
    for (const f of [once, nested])
      (hessian(f)(x).tolist() as number[][]).forEach((row, i) =>
        row.forEach((v, j) =>
          expect(v).toBeCloseTo((want as number[][])[i][j], 10),
        ),
      );
  });
});

test("stopGradient is a constant in every mode and batched", () => {
  const f = (y: Value) => np.multiply(y, stopGradient(np.multiply(y, y)));
  closeTo(vmap(grad(f))(x), xs.map((t) => t * t)); // prettier-ignore
  closeTo(jvp(f, [x], [np.add(np.multiply(x, 0), 1)])[1], xs.map((t) => t * t)); // prettier-ignore
});
