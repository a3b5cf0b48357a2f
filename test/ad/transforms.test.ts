/** @file The transforms' own interface: trees, argnums, hasAux, nesting, closed forms, and what they refuse. */
import { describe, expect, test } from "vitest";
import {
  ShapeDtypeStruct,
  array,
  evalShape,
  grad,
  hessian,
  jacfwd,
  jacrev,
  jit,
  jvp,
  linearize,
  makeJaxpr,
  numpy as np,
  printJaxpr,
  stopGradient,
  tree,
  valueAndGrad,
  vjp,
  vmap,
  type Value,
} from "../../src/ad/index.ts";

const f64 = (
  data: number | readonly number[] | readonly (readonly number[])[],
) => array(data, { dtype: "float64" }) as Value;
const list = (x: unknown) => tree.map((v: Value) => v.tolist(), x);
const closeTo = (got: unknown, want: unknown) => {
  const numbers = (x: unknown): number[] =>
    typeof x === "number"
      ? [x]
      : Object.values(x as object).flatMap((v) => numbers(v));
  const [a, b] = [numbers(list(got)), numbers(want)];
  expect(a.length).toBe(b.length);
  a.forEach((x, i) => expect(x).toBeCloseTo(b[i], 10));
};
const square = (x: Value) => np.multiply(x, x);

describe("grad", () => {
  test.each([
    ["a square", square, 3, 6],
    ["a constant", () => 1, 3, 0],
    ["a number it returns itself", (x: Value) => x, 3, 1],
    ["one over x", (x: Value) => np.divide(1, x), 2, -0.25],
    ["x times itself stopped", (x: Value) => np.multiply(x, stopGradient(x)), 3, 3],
  ] as const)("of %s", (_title, f, at, want) => {
    expect(grad(f as (x: Value) => Value)(f64(at)).item()).toBeCloseTo(want, 12);
  }); // prettier-ignore

  test("nested n times gives the nth derivative of exp(2x)", () => {
    let f = (x: Value): Value => np.exp(np.multiply(x, 2));
    for (let n = 0; n < 6; n++) {
      expect(f(f64(0.3)).item()).toBeCloseTo(2 ** n * Math.exp(0.6), 9);
      f = grad(f);
    }
  });

  test("has the structure of its argument: nested objects, lists, nulls", () => {
    const params = {
      w: f64([1, 2]),
      layers: [{ b: f64(3) }, { b: f64(4) }] as const,
      none: null,
    };
    const loss = ({ w, layers }: typeof params) =>
      np.add(np.sum(square(w)), np.multiply(layers[0].b, layers[1].b));
    expect(list(grad(loss)(params))).toEqual({
      w: [2, 4],
      layers: [{ b: 4 }, { b: 3 }],
      none: null,
    });
  });

  test("by argnums is one tree or a list of trees; other arguments need not be arrays", () => {
    const f = (x: Value, name: string, y: Value) =>
      name === "times" ? np.multiply(x, y) : x;
    const args = [f64(3), "times", f64(4)] as const;
    expect(grad(f)(...args).item()).toBe(4);
    expect(grad(f, { argnums: 2 })(...args).item()).toBe(3);
    expect(list(grad(f, { argnums: [-1] })(...args))).toEqual([3]);
    expect(list(grad(f, { argnums: [2, 0] })(...args))).toEqual([3, 4]);
    expect(grad(f)(f64(3), "first", f64(4)).item()).toBe(1);
  });

  test("with hasAux passes the second result on as it is", () => {
    const f = (x: Value) => [square(x), { twice: np.add(x, x), n: 2 }] as const;
    const [g, aux] = grad(f, { hasAux: true })(f64(3));
    expect([g.item(), aux.twice.item()]).toEqual([6, 6]);
    const [[value, same], g2] = valueAndGrad(f, { hasAux: true })(f64(3));
    expect([value.item(), same.twice.item(), g2.item()]).toEqual([9, 6, 6]);
  });

  test("lets a program decide and loop on values it knows", () => {
    const collatz = (x: Value): Value => {
      let y = x;
      while (y.item() > 1)
        y = y.item() % 2 === 0 ? np.divide(y, 2) : np.add(np.multiply(y, 3), 1);
      return y;
    };
    // 6 3 10 5 16 8 4 2 1: two triplings and six halvings.
    expect(grad(collatz)(f64(6)).item()).toBeCloseTo(9 / 64, 12);
    expect(grad(grad((x: Value) => (x.item() > 0 ? np.multiply(x, square(x)) : x)))(f64(2)).item()).toBe(12); // prettier-ignore
  });

  test.each([
    ["a vector result", () => grad((x: Value) => x)(f64([1, 2])), /^grad: .* one scalar float result, got f64\[2\]; sum it, .* jacrev$/],
    ["two results", () => grad(((x: Value) => [x, x]) as never)(f64(1)), /^grad: .*got f64\[\], f64\[\]; .* hasAux/],
    ["an integer result", () => grad((x: Value) => np.astype(x, "int32"))(f64(1)), /^grad: .* got i32\[\]/],
    ["an integer argument", () => grad(square)(array(1, { dtype: "int32" })), /^grad: expected float32 or float64 leaves in argument 0, got i32\[\]; convert it with astype/],
    ["a missing argument", () => valueAndGrad(square, { argnums: 1 as 0 })(f64(1)), /^valueAndGrad: expected argnums among the 1 arguments, got 1$/],
    ["a leaf that is no array", () => grad((p: { s: unknown }) => p.s as Value)({ s: "text" }), /^grad: expected arrays, numbers or booleans as leaves, got \[object String\]$/],
    ["a value read while it is traced", () => jit((x: Value) => (x.item() > 0 ? x : np.negative(x)), { device: "js" })(f64(1)), /^dataSync: .* f64\[\] are not known .* cond, whileLoop or numpy.where/],
    ["plain arithmetic on a tracer", () => grad((x: Value) => (x as never as number) * 2)(f64(1)), /cannot become a plain number.*numpy functions/],
    ["a cotangent of another type", () => vjp(square, [f64(1)])[1](f64([1, 2])), /^vjp: cotangent 0 must be f64\[\] like its primal, got f64\[2\]$/],
    ["a tangent of another tree", () => jvp(square, [f64(1)], [[f64(1)]] as never), /^jvp: expected tangents like \[\*\], got \[\[\*\]\]$/],
    ["a Jacobian of integers", () => jacrev((x: Value) => np.astype(x, "int32"))(f64([1])), /^jacrev: expected float32 or float64 results, got i32\[1\]$/],
  ] as const)("refuses %s in one sentence", (_title, run, message) => {
    expect(run).toThrow(message);
  }); // prettier-ignore

  test("a tracer that outlives its transform is named with the remedy", () => {
    let leaked: Value = f64(0);
    grad((x: Value) => (leaked = square(x)))(f64(2));
    expect(() => np.add(leaked, 1)).toThrow(
      /traced by a transform was used after that transform had ended; return it from the transformed function/,
    );
  });
});

describe("vjp, jvp and linearize", () => {
  const f = (x: Value, { y, n }: { y: Value; n: Value }) => ({
    product: np.multiply(x, y),
    count: n,
    sum: np.sum(x),
  });
  const args = [
    f64([1, 2]),
    { y: f64([3, 4]), n: array(7, { dtype: "int32" }) },
  ] as [Value, { y: Value; n: Value }];

  test("take and give trees, integers beside floats", () => {
    const [out, pull] = vjp(f, args);
    expect(list(out)).toEqual({ product: [3, 8], count: 7, sum: 3 });
    const back = pull({
      product: f64([1, 10]),
      count: array(0, { dtype: "int32" }),
      sum: f64(100),
    });
    expect(list(back)).toEqual([[103, 140], { y: [1, 20], n: 0 }]);
    expect(back[1].n.dtype).toBe("int32");
    const tangents = [
      f64([1, 0]),
      { y: f64([0, 1]), n: array(0, { dtype: "int32" }) },
    ] as typeof args;
    const forward = { product: [3, 2], count: 0, sum: 1 };
    expect(list(jvp(f, args, tangents)[1])).toEqual(forward);
    const [same, push] = linearize(f, args);
    expect(list(same)).toEqual(list(out));
    expect(list(push(...tangents))).toEqual(forward);
  });

  test("evaluate the function once, however often the derivative is taken", () => {
    let calls = 0;
    const counted = (x: Value) => (calls++, np.tanh(x));
    const [, pull] = vjp(counted, [f64(1)]);
    const [, push] = linearize(counted, [f64(1)]);
    [1, 2, 3].forEach((k) => (pull(f64(k)), push(f64(k))));
    expect(calls).toBe(2);
  });
});

describe("Jacobians", () => {
  const polar = ({ r, t }: { r: Value; t: Value }) => [
    np.multiply(r, np.tanh(t)),
    np.exp(t),
  ];
  test.each([
    ["jacfwd", jacfwd],
    ["jacrev", jacrev],
  ] as const)("%s has the result's tree over the argument's tree", (_n, jac) => {
    const at = { r: f64([1, 2]), t: f64([0.5, -0.25]) };
    const s = [0.5, -0.25].map((t) => 1 - Math.tanh(t) ** 2);
    closeTo(jac(polar)(at), [
      {
        r: [[Math.tanh(0.5), 0], [0, Math.tanh(-0.25)]],
        t: [[s[0], 0], [0, 2 * s[1]]],
      },
      { r: [[0, 0], [0, 0]], t: [[Math.exp(0.5), 0], [0, Math.exp(-0.25)]] },
    ]);
  }); // prettier-ignore

  test.each([
    ["jacfwd", jacfwd],
    ["jacrev", jacrev],
  ] as const)("%s of a matrix function has result axes, then argument axes", (_n, jac) => {
    const a = f64([[1, 2, 3], [4, 5, 6]]);
    const j = jac((x: Value) => np.matmul(a, x))(f64([[1], [1], [1]]));
    expect(j.shape).toEqual([2, 1, 3, 1]);
    expect(np.reshape(j, [2, 3]).tolist()).toEqual(a.tolist());
    const both = jac((x: Value, y: Value) => np.multiply(x, y), { argnums: [1, 0] });
    expect(list(both(f64(2), f64(3)))).toEqual([2, 3]);
  }); // prettier-ignore

  test("hessian of a quadratic form is the matrix and its transpose", () => {
    const a = f64([
      [1, 2],
      [5, 3],
    ]);
    const form = (x: Value) => np.matmul(x, np.matmul(a, x));
    expect(hessian(form)(f64([0.3, -1])).tolist()).toEqual([
      [2, 7],
      [7, 6],
    ]);
    const mixed = hessian(({ x, y }: { x: Value; y: Value }) =>
      np.multiply(square(x), y),
    )({ x: f64(3), y: f64(5) });
    expect(list(mixed)).toEqual({ x: { x: 10, y: 6 }, y: { x: 6, y: 0 } });
  });
});

describe("nesting", () => {
  const f = (x: Value) => np.sum(np.multiply(np.tanh(x), x));
  const x = f64([0.5, -1, 2]);
  const derivative = (t: number) => Math.tanh(t) + t * (1 - Math.tanh(t) ** 2);
  const each = (t: number) => f64(t);

  test.each([
    ["grad of jit", () => grad(jit(f, { device: "js" }))(x)],
    ["jit of grad", () => jit(grad(f), { device: "js" })(x)],
    ["vmap of grad", () => vmap(grad(f))(x)],
    ["grad of a sum of vmap", () => grad((y: Value) => np.sum(vmap(f)(y)))(x)],
    ["vmap of jit of grad", () => vmap(jit(grad(f), { device: "js" }))(x)],
    ["the diagonal of jacfwd of vmap", () => np.sum(jacfwd(vmap(f))(x), { axis: 1 })],
    ["jvp of a function of grad", () => jvp((y: Value) => np.multiply(grad(f)(y), 1), [x], [np.multiply(x, 0)])[0]],
  ] as const)("%s gives the derivative at each element", (_title, run) => {
    closeTo(run(), [0.5, -1, 2].map(derivative));
  }); // prettier-ignore

  test("perturbations of nested derivatives are kept apart", () => {
    // d/dx (x d/dy (x + y)) = d/dx x = 1
    const outer = (x: Value) =>
      np.multiply(x, grad((y: Value) => np.add(x, y))(f64(1)));
    expect(grad(outer)(f64(1)).item()).toBe(1);
    const forward = (x: Value) =>
      np.multiply(x, jvp((y: Value) => np.add(x, y), [each(1)], [each(1)])[1]);
    expect(jvp(forward, [each(1)], [each(1)])[1].item()).toBe(1);
    expect(grad(forward)(each(1)).item()).toBe(1);
  });
});

describe("jit with static arguments", () => {
  test("compiles each value for itself and traces the rest", () => {
    let traces = 0;
    const power = jit(
      (x: Value, n: number, how: { negate: boolean }) => {
        traces++;
        let y: Value = np.multiply(x, 0);
        y = np.add(y, 1);
        for (let k = 0; k < n; k++) y = np.multiply(y, x);
        return how.negate ? np.negative(y) : y;
      },
      { device: "js", staticArgnums: [1, 2] },
    );
    const how = { negate: true };
    const [plain, same] = [{ negate: false }, { negate: false }];
    expect(power(f64(2), 3, plain).item()).toBe(8);
    expect(power(f64(3), 3, plain).item()).toBe(27);
    expect(traces).toBe(1);
    expect(power(f64(2), 4, plain).item()).toBe(16);
    expect(power(f64(2), 4, how).item()).toBe(-16);
    expect(traces).toBe(3);
    // Objects are told apart by identity.
    power(f64(2), 4, same);
    expect(traces).toBe(4);
    expect(grad(power)(f64(2), 3, how).item()).toBe(-12);
  });
});

describe("shapes without values", () => {
  test("evalShape gives the tree of types and runs nothing", () => {
    const f = (x: Value, p: { w: Value }) => ({
      y: np.matmul(x, p.w),
      n: [np.argmax(x, 0)],
    });
    const struct = new ShapeDtypeStruct([5, 1_000_000], "float64");
    const out = evalShape(f, struct, {
      w: new ShapeDtypeStruct([1_000_000, 2], "float64"),
    });
    expect(out).toEqual({
      y: new ShapeDtypeStruct([5, 2], "float64"),
      n: [new ShapeDtypeStruct([1_000_000], "int32")],
    });
  });

  test("makeJaxpr shows the gradient as a program", () => {
    const { jaxpr } = makeJaxpr(grad((x: Value) => np.sum(np.tanh(x))))(
      new ShapeDtypeStruct([3]),
    );
    expect(printJaxpr(jaxpr)).toContain("tanh");
    expect(jaxpr.outputs.map((v) => v.type)).toEqual([
      { shape: [3], dtype: "float32" },
    ]);
  });
});
