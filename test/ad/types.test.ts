/** @file Types: transforms keep the parameters and results of the functions they are given (checked by tsc). */
import { expectTypeOf, test } from "vitest";
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
  scan,
  valueAndGrad,
  vjp,
  vmap,
  type ArrayLike,
  type Value,
} from "../../src/ad/index.ts";

interface Params {
  readonly w: Value;
  readonly layers: readonly { readonly b: Value }[];
}
const loss = (p: Params, x: Value, scale: number): Value =>
  np.multiply(np.sum(np.add(np.multiply(p.w, x), p.layers[0].b)), scale);
const tree = (x: Value, k: ArrayLike) => ({
  y: np.multiply(x, k),
  list: [x, x] as const,
});
type Args = [p: Params, x: Value, scale: number];
type TreeArgs = [x: Value, k: ArrayLike];
type TreeOut = { y: Value; list: readonly [Value, Value] };

test("vmap, jit and checkpoint keep a function's parameters and result", () => {
  for (const f of [vmap(tree), jit(tree), checkpoint(tree)]) {
    expectTypeOf(f).parameters.toEqualTypeOf<TreeArgs>();
    expectTypeOf(f).returns.toEqualTypeOf<TreeOut>();
  }
  expectTypeOf(jit(loss)).toExtend<(...args: Args) => Value>();
});

test("grad takes the function's parameters and returns the selected argument's type", () => {
  expectTypeOf(grad(loss)).parameters.toEqualTypeOf<Args>();
  expectTypeOf(grad(loss)).returns.toEqualTypeOf<Params>();
  expectTypeOf(grad(loss, { argnums: 1 })).returns.toEqualTypeOf<Value>();
  // A number's gradient is an array.
  expectTypeOf(grad(loss, { argnums: 2 })).returns.toEqualTypeOf<Value>();
  expectTypeOf(grad(loss, { argnums: [1, 0] })).returns.toEqualTypeOf<
    [Value, Params]
  >();
  const withAux = (x: Value) => [x, { note: x }] as const;
  expectTypeOf(grad(withAux, { hasAux: true })).returns.toEqualTypeOf<
    [Value, { readonly note: Value }]
  >();
  expectTypeOf(valueAndGrad(loss)).returns.toEqualTypeOf<[Value, Params]>();
  expectTypeOf(valueAndGrad(withAux, { hasAux: true })).returns.toEqualTypeOf<
    [[Value, { readonly note: Value }], Value]
  >();
});

test("a function that is not scalar is refused where it is written", () => {
  // @ts-expect-error a list of results has no gradient
  grad((x: Value) => [x, x]);
  // @ts-expect-error with hasAux the function returns a pair
  grad((x: Value) => x, { hasAux: true });
});

test("vjp, jvp and linearize relate arguments, results, tangents and cotangents", () => {
  const run = () => {
    const x = np.ones([2]);
    const [out, pull] = vjp(tree, [x, 2]);
    expectTypeOf(out).toEqualTypeOf<TreeOut>();
    expectTypeOf(pull).returns.toEqualTypeOf<[Value, Value]>();
    expectTypeOf(jvp(tree, [x, 2], [x, x])[1].list).toEqualTypeOf<
      readonly [Value, Value]
    >();
    const [, push] = linearize(tree, [x, 2]);
    expectTypeOf(push(x, x).y).toEqualTypeOf<Value>();
  };
  expectTypeOf(run).toBeFunction();
});

test("a Jacobian is the result's tree of the argument's trees", () => {
  const f = (p: Params) => ({ a: p.w, b: [p.w] as const });
  for (const j of [jacfwd(f), jacrev(f)])
    expectTypeOf(j).returns.toEqualTypeOf<{
      a: Params;
      b: readonly [Params];
    }>();
  expectTypeOf(hessian((p: Params) => p.w)).returns.toEqualTypeOf<{
    readonly w: Params;
    readonly layers: readonly { readonly b: Params }[];
  }>();
});

test("scan's carry and outputs keep the types of its step", () => {
  const run = () =>
    scan(
      (c: { h: Value }, x: Value) => [c, [x, c.h] as const] as const,
      { h: np.ones([]) },
      np.ones([3]),
    );
  expectTypeOf(run).returns.toEqualTypeOf<
    [{ h: Value }, readonly [Value, Value]]
  >();
});

test("custom derivatives are checked against the function", () => {
  const f = (x: Value, p: { y: Value }) => np.multiply(x, p.y);
  const mine = customJvp(f, ([x, p], [dx, dp]) => {
    expectTypeOf(dp).toEqualTypeOf<{ y: Value }>();
    return [f(x, p), np.add(np.multiply(dx, p.y), np.multiply(x, dp.y))];
  });
  expectTypeOf(mine).toEqualTypeOf<typeof f>();
  const fwd = (x: Value, p: { y: Value }) => [f(x, p), x] as const;
  const short = (x: Value, ct: Value): [Value] => [np.multiply(x, ct)];
  // @ts-expect-error the cotangents are a list like the arguments
  customVjp(f, fwd, short);
});
