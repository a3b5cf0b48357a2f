/** @file What each pass does to a program made for it: which work is left, and where. */
import { describe, expect, test } from "vitest";
import {
  checkJaxpr,
  checkpoint,
  cond,
  customJvp,
  grad,
  jit,
  makeJaxpr,
  numpy as np,
  scan,
  stopGradient,
  whileLoop,
  type Value,
} from "../../../src/ad/index.ts";
import { evalJaxpr, type Jaxpr } from "../../../src/ad/jaxpr/jaxpr.ts";
import { jaxprsIn } from "../../../src/ad/jaxpr/print.ts";
import { optimize, passes, runPasses } from "../../../src/ad/passes/index.ts";
import { weightsFirst } from "../../../src/ad/passes/weights-first.ts";
import {
  expectClose,
  fillNd,
  random,
  toArray,
  toNd,
  toNdAsync,
} from "../naive.cases.ts";

type F = (...args: Value[]) => unknown;

/** How often each primitive occurs, those in loops under the name of the loop: `scan dot`. */
function tally(jaxpr: Jaxpr, prefix = ""): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { primitive, params } of jaxpr.eqns) {
    const name = `${prefix}${primitive.name}`;
    counts[name] = (counts[name] ?? 0) + 1;
    for (const inner of jaxprsIn(params))
      for (const [key, n] of Object.entries(tally(inner, `${primitive.name} `)))
        counts[key] = (counts[key] ?? 0) + n;
  }
  return counts;
}

let seed = 1;
const draw = (...shape: number[]): Value =>
  toArray(fillNd(shape, "float64", "any", random(seed++)), "float64");

/** The tally after a pass that leaves the results as they are. */
function after(
  f: F,
  args: readonly Value[],
  pass: (jaxpr: Jaxpr) => Jaxpr,
): Record<string, number> {
  const closed = makeJaxpr(f as (...args: Value[]) => Value)(...args);
  const jaxpr = pass(closed.jaxpr);
  checkJaxpr(jaxpr);
  const inputs = [...closed.consts, ...args];
  const got = evalJaxpr(jaxpr, inputs).map(toNd);
  evalJaxpr(closed.jaxpr, inputs).forEach((want, i) =>
    expectClose(got[i], toNd(want), 1e-12),
  );
  return tally(jaxpr);
}

const [T, N] = [5, 40];
const zero = (): Value => np.zeros([], "float64");

describe("simplify", () => {
  const x = draw(2, 3);
  const ints = np.astype(np.multiply(x, 10), "int32");
  test.each<[string, F, Value, Record<string, number>]>([
    ["adds no zero", (x) => np.add(x, 0), x, {}],
    ["subtracts no zero", (x) => np.subtract(x, 0), x, {}],
    ["multiplies by no one", (x) => np.multiply(1, x), x, {}],
    ["divides by no one", (x) => np.divide(x, 1), x, {}],
    ["keeps a float times zero, which may be NaN", (x) => np.multiply(x, 0), x, { mul: 1 }],
    ["knows an integer times zero", (x) => np.multiply(x, 0), ints, { fill: 1 }],
    ["negates no negation", (x) => np.negative(np.negative(x)), x, {}],
    ["selects what a known choice takes", (x) => np.where(np.zeros([2, 3], "bool"), np.tanh(x), x), x, {}],
    ["selects nothing between equals", (x) => np.where(np.less(x, 0), x, x), x, {}],
    ["takes back a conversion that lost nothing", (x) => np.astype(np.astype(x, "float64"), "int32"), ints, {}],
    ["keeps a conversion that may lose something", (x) => np.astype(np.astype(x, "float32"), "float64"), x, { convert: 2 }],
    ["reshapes once", (x) => np.reshape(np.reshape(x, [6]), [3, 2]), x, { reshape: 1 }],
    ["reshapes to the same shape not at all", (x) => np.reshape(np.reshape(x, [6]), [2, 3]), x, {}],
    ["transposes once", (x) => np.transpose(np.transpose(x)), x, {}],
    ["sums once", (x) => np.sum(np.sum(x, { axis: 0 })), x, { sum: 1 }],
    ["computes with numbers that are known", (x) => np.add(x, np.sum(np.tanh(np.zeros([2, 3], "float64")))), x, {}],
    ["reads transposed operands of a product as they lie", (x) => np.matmul(np.transpose(x), np.transpose(np.transpose(x))), x, { dot: 1 }],
    ["swaps the operands of a transposed product", (x) => np.transpose(np.matmul(np.transpose(x), x)), x, { dot: 1 }],
    ["inlines functions whose derivative has been taken", (x) => customJvp((x: Value) => stopGradient(np.tanh(x)), () => [x, x])(x), x, { tanh: 1 }],
    ["joins the parts of a split's gradient", (x) => grad((x: Value) => {
      const [a, b, c] = np.split(x, 3, 1);
      return np.sum(np.multiply(np.tanh(a), np.multiply(b, c)));
    })(x), x, { concatenate: 1 }],
  ])("%s", (_title, f, x, left) => {
    const counts = after(f, [x], runPasses);
    const rest = Object.fromEntries(
      Object.entries(counts).filter(
        ([name]) => !("concatenate" in left) || name === "concatenate",
      ),
    );
    // The number in a product with zero is made too.
    if (left.mul) delete rest.fill;
    expect(rest).toEqual(left);
  });
}); // prettier-ignore

test("commonSubexpressions computes the same thing once, but not what a checkpoint computes again", () => {
  const x = draw(3);
  const twice = (x: Value) => np.add(np.multiply(x, np.tanh(x)), np.multiply(np.tanh(x), x)); // prettier-ignore
  expect(after(twice as F, [x], passes.commonSubexpressions)).toMatchObject({ tanh: 1, mul: 1 }); // prettier-ignore
  const g = checkpoint((x: Value) => np.sum(np.sin(np.tanh(x))));
  const both = (x: Value) => np.add(np.tanh(x), grad(g)(x));
  expect(after(both as F, [x], runPasses)).toMatchObject({ tanh: 1, "remat tanh": 1 }); // prettier-ignore
});

describe("deadCode", () => {
  test("drops results, carries, constants and xs of a scan that nobody reads", () => {
    const f = (x: Value, w: Value) =>
      scan(
        ([a, b]: [Value, Value], [u, v]: [Value, Value]) =>
          [
            [np.add(a, u), np.multiply(b, np.sin(w))],
            [np.tanh(v), a],
          ] as [[Value, Value], [Value, Value]],
        [zero(), zero()] as [Value, Value],
        [x, np.cos(x)] as [Value, Value],
      )[1][1];
    const counts = after(f, [draw(T), draw()], passes.deadCode);
    expect(Object.keys(counts).sort()).toEqual(["fill", "scan", "scan add"]);
  });

  test("drops carries of a while that neither its condition nor a result needs", () => {
    const f = (x: Value) =>
      whileLoop(
        ([i]: [Value, Value, Value]) => np.less(i, 3),
        ([i, a, b]) => [np.add(i, 1), np.tanh(a), np.sin(b)] as never,
        [zero(), x, x] as [Value, Value, Value],
      )[1];
    const counts = after(f, [draw(2)], passes.deadCode);
    expect(counts).toMatchObject({ "while tanh": 1 });
    expect(counts).not.toHaveProperty("while sin");
  });

  test("drops results of branches and checkpoints, and operands only they read", () => {
    const f = (x: Value) => {
      const pick = cond(
        np.less(np.sum(x), 0),
        (x: Value, y: Value) => [np.tanh(x), np.cos(y)],
        (x: Value, y: Value) => [np.sin(x), np.exp(y)],
        x,
        np.sqrt(np.abs(x)),
      );
      const again = checkpoint((x: Value) => [np.log(np.abs(x)), np.sin(x)])(x);
      return np.add(pick[0], again[1]);
    };
    const counts = after(f, [draw(2)], passes.deadCode);
    expect(counts).toMatchObject({ "cond tanh": 1, "cond sin": 1, "remat sin": 1 }); // prettier-ignore
    for (const gone of ["cond cos", "cond exp", "sqrt", "remat log"])
      expect(counts).not.toHaveProperty(gone);
  });
});

/** h = tanh(h w + x u + b), with what each step makes of h. */
const network =
  (read: (h: Value, u: Value) => Value) =>
  (w: Value, u: Value, x: Value): Value =>
    scan(
      (h: Value, row: Value) => {
        const next = np.tanh(np.add(np.matmul(h, w), np.matmul(row, u)));
        return [next, read(next, u)];
      },
      np.zeros([2, N], x.dtype),
      x,
    )[1];
const small = (...shape: number[]) => np.divide(draw(...shape), N);
const inputs = (): Value[] => [small(N, N), small(N, N), draw(T, 2, N)];

test("hoist computes what steps share before the loop", () => {
  const f = (w: Value, u: Value, x: Value) =>
    network((h) => np.multiply(h, np.sum(np.sin(w))))(w, u, x);
  const counts = after(f, inputs(), passes.hoist);
  expect(counts).toMatchObject({ sin: 1, sum: 1, scan: 1 });
  expect(counts).not.toHaveProperty("scan sin");
});

test("hoist takes out of a checkpoint what steps share, and leaves the rest to be computed again", () => {
  const f = (w: Value, u: Value, x: Value) =>
    scan(
      (h: Value, row: Value) => [
        checkpoint((h: Value, row: Value) =>
          np.tanh(np.add(np.matmul(h, np.sin(w)), np.matmul(row, np.cos(u)))),
        )(h, row),
        null,
      ],
      np.zeros([2, N], "float64"),
      x,
    )[0];
  const counts = after(f, inputs(), passes.hoist);
  expect(counts).toMatchObject({ sin: 1, cos: 1, "scan remat": 1, "remat dot": 2 });
  expect(counts).not.toHaveProperty("remat sin");
}); // prettier-ignore

test("scanOperands makes numbers inside, passes fixed carries as constants, and stacks nothing it was given", () => {
  const f = (x: Value) => {
    const ones = np.ones([T, 2], "float64");
    const [[fixed], ys] = scan(
      ([c, k]: [Value, Value], [u, v]: [Value, Value]) =>
        [[c, np.add(k, np.multiply(u, c))], [u, v, k, k]] as [[Value, Value], Value[]],
      [np.tanh(x[Symbol.iterator]().next().value as Value), np.zeros([2], "float64")] as [Value, Value],
      [ones, x] as [Value, Value],
    ); // prettier-ignore
    return [fixed, ...ys];
  };
  const closed = makeJaxpr(f)(draw(T, 2));
  const { eqns } = passes.scanOperands(closed.jaxpr);
  const loop = eqns.find((eqn) => eqn.primitive.name === "scan");
  expect(loop?.params).toMatchObject({ consts: 1, carries: 1 });
  expect(loop?.inputs.length).toBe(3);
  expect(loop?.outputs.length).toBe(2);
  after(f, [draw(T, 2)], passes.scanOperands);
});

test("batchInputs makes one product before the loop of those with xs", () => {
  const f = network((h) => h);
  expect(after(f as F, inputs(), (j) => j)).toMatchObject({ "scan dot": 2 });
  expect(after(f as F, inputs(), passes.batchInputs)).toMatchObject({ dot: 1, "scan dot": 1 }); // prettier-ignore
});

test("batchOutputs makes one product after the loop of those no step reads, and what follows from them", () => {
  const f = network((h, u) => np.sin(np.matmul(np.cos(h), u)));
  expect(after(f as F, inputs(), passes.batchOutputs)).toMatchObject({ dot: 1, sin: 1, "scan dot": 2, "scan cos": 1 }); // prettier-ignore
});

describe("sink", () => {
  test("makes one contraction over time of a weight's gradient", () => {
    const f = (w: Value, u: Value, x: Value) =>
      Object.values(
        grad((w: Value, u: Value) => np.sum(network((h) => h)(w, u, x)), {
          argnums: [0, 1],
        })(w, u),
      );
    // Forwards two products a step, backwards one for the state and two for the weights.
    expect(after(f as F, inputs(), (j) => j)).toMatchObject({ "scan dot": 5 });
    expect(after(f as F, inputs(), (j) => passes.deadCode(passes.sink(j)))).toMatchObject({ dot: 2, "scan dot": 3 }); // prettier-ignore
    expect(after(f as F, inputs(), runPasses)).toMatchObject({ dot: 3, "scan dot": 2 }); // prettier-ignore
  });

  test("takes sums of sums, of rows at an index and of differences out, and leaves what is not only a sum", () => {
    const f = (x: Value) =>
      scan(
        ([a, b, c, d]: Value[], row: Value) => [
          [
            np.add(np.add(row, a), row),
            np.add(b, np.negative(np.reshape(np.subtract(row, np.multiply(row, 2)), [2, 1]))),
            np.add(c, np.tanh(c)),
            np.add(np.multiply(d, 2), row),
          ],
          a,
        ],
        [np.zeros([2], "float64"), np.zeros([2, 1], "float64"), np.ones([2], "float64"), np.zeros([2], "float64")],
        x,
      )[0]; // prettier-ignore
    const closed = makeJaxpr(f)(draw(T, 2));
    const before = closed.jaxpr.eqns.find((e) => e.primitive.name === "scan");
    expect(before?.params).toMatchObject({ carries: 4 });
    after(f, [draw(T, 2)], runPasses);
    const rows = (x: Value) => {
      const at = np.astype(np.array([2, 0, 2, 1, 0]), "int32");
      const table = (t: Value) => np.sum(np.tanh(scan((c: Value, i: Value) => [c, np.multiply(x, np.take(t, i))], zero(), at)[1])); // prettier-ignore
      return grad(table)(np.outer(np.arange(3), x));
    };
    const counts = after(rows, [draw(2)], runPasses);
    expect(counts).toMatchObject({ scatterAdd: 1 });
    expect(counts).not.toHaveProperty("scan scatterAdd");
  });
});

test("weightsFirst puts the large matrix on the left, and only where it is not known when compiling", () => {
  const f = network((h) => h);
  const narrow = inputs().map((x) => np.astype(x, "float32"));
  const { jaxpr } = makeJaxpr(f)(...(narrow as [Value, Value, Value]));
  checkJaxpr(weightsFirst(jaxpr, jaxpr.inputs));
  const counts = tally(weightsFirst(jaxpr, jaxpr.inputs));
  expect(counts).toMatchObject({ transpose: 2, "scan transpose": 4 });
  expect(weightsFirst(jaxpr, [])).toBe(jaxpr);
  const want = evalJaxpr(jaxpr, narrow).map(toNd);
  evalJaxpr(weightsFirst(jaxpr, jaxpr.inputs), narrow).forEach((y, i) =>
    expectClose(toNd(y), want[i], 1e-5),
  );
});

test.each([
  ["js", undefined],
  ["cpu", undefined],
  ["cpu", ["_, _", "_, _", "steps, ..."]],
  ["cpu", ["_, _", "_, _", "steps, lanes, _"]],
] as const)(
  "a gradient compiled for %s with symbolic shapes %j is the eager one",
  async (device, symbolicShapes) => {
    const g = (w: Value, u: Value, x: Value) =>
      grad(
        (w: Value, u: Value) =>
          np.sum(
            scan(
              (h: Value, row: Value) => {
                const ahead = np.matmul(row, u);
                const next = np.tanh(np.add(np.matmul(h, w), ahead));
                return [next, np.sin(np.matmul(np.cos(next), u))];
              },
              np.multiply(np.sum(x, { axis: 0 }), 0.1),
              x,
            )[1],
          ),
        { argnums: [0, 1] },
      )(w, u) as Value[];
    const compiled = jit(g, { device, ...(symbolicShapes ? { symbolicShapes: [...symbolicShapes] } : {}) }); // prettier-ignore
    try {
      for (const steps of symbolicShapes ? [T, 3] : [T, 3, 1, 0]) {
        const [w, u] = inputs();
        // Far from where tanh is flat: 1 - tanh² of a saturated state has few digits of its own.
        const x = small(steps, 2, N);
        const want = g(w, u, x).map(toNd);
        const got = await Promise.all(compiled(w, u, x).map(toNdAsync));
        got.forEach((y, i) => expectClose(y, want[i], 1e-10));
      }
    } finally {
      await compiled.dispose();
    }
  },
);

test("weightsFirst puts a constant on the left where rows are few, but not for one or two", () => {
  const n = 256;
  const count = (rows: number) => {
    const f = (w: Value, h: Value, x: Value) =>
      scan((h: Value, row: Value) => [np.tanh(np.add(np.matmul(h, w), row)), null], h, x)[0]; // prettier-ignore
    const args = [draw(n, n), draw(rows, n), draw(T, rows, n)].map((x) => np.astype(x, "float32")); // prettier-ignore
    const { jaxpr } = makeJaxpr(f)(...(args as [Value, Value, Value]));
    const turned = weightsFirst(jaxpr, jaxpr.inputs.slice(1));
    checkJaxpr(turned);
    return tally(turned)["scan transpose"] ?? 0;
  };
  expect([2, 32, 128].map(count)).toEqual([0, 2, 0]);
});

test("weightsFirst turns a weight of loops in loops and checkpoints once, before all of them", () => {
  const narrow = [draw(N, N), draw(4, N), draw(2 * T, 4, N)].map((x) => np.astype(x, "float32")); // prettier-ignore
  const f = (w: Value, h: Value, x: Value) =>
    scan(
      (h: Value, row: Value) => {
        const next = np.tanh(np.add(np.matmul(h, w), row));
        return [next, np.sum(next)];
      },
      h,
      x,
      { checkpoint: T },
    );
  const { jaxpr } = optimize(makeJaxpr(f as never)(...(narrow as never[])));
  checkJaxpr(jaxpr);
  const counts = tally(jaxpr);
  expect(counts).toMatchObject({ transpose: 1, "scan remat": 1, "remat scan": 1, "scan dot": 1 }); // prettier-ignore
  expect(counts).not.toHaveProperty("remat transpose");
});

test("singleStep puts the body of a scan of one step in its place, forwards and backwards", () => {
  const once = inputs().map((x, i) => (i === 2 ? np.reshape(np.sum(x, { axis: 0 }), [1, 2, N]) : x)) as [Value, Value, Value]; // prettier-ignore
  const f = (w: Value, u: Value, x: Value) =>
    grad((w: Value) => np.sum(network((h) => h)(w, u, x)))(w);
  const counts = after(f, once, passes.singleStep);
  expect(counts).not.toHaveProperty("scan");
  expect(after(f, inputs(), passes.singleStep)).toHaveProperty("scan");
});
