/** @file stax: shapes announced are shapes produced, layers compute what they say, networks compose and differentiate. */
import { describe, expect, test } from "vitest";
import {
  array,
  grad,
  jit,
  numpy as np,
  random,
  stax,
  type Value,
} from "../../src/ad/index.ts";

const {
  BatchNorm, Dense, Dropout, Elu, Exp, FanInConcat, FanInSum, FanOut, Flatten, Gelu, Identity, LeakyRelu,
  LogSoftmax, Relu, Selu, Sigmoid, Softmax, Softplus, Tanh, parallel, serial,
} = stax; // prettier-ignore
const key = random.key(0);
const inputs = random.normal(random.key(1), [4, 3]);
const run = (layer: stax.AnyLayer, x: Value = inputs) => {
  const [init, apply] = layer;
  const [shape, params] = init(key, x.shape);
  const options = { rng: random.key(2) };
  return { shape, params, out: apply(params as never, x, options) };
};

describe("every layer", () => {
  const layers: [string, stax.AnyLayer][] = [
    ["Dense", Dense(5)],
    ["Dropout", Dropout(0.5)],
    ["BatchNorm", BatchNorm()],
    ["Flatten", Flatten],
    ["FanIn after parallel", serial(FanOut(2), parallel(Dense(2), Tanh), FanInConcat())],
    ...Object.entries({ Elu, Exp, Gelu, Identity, LeakyRelu, LogSoftmax, Relu, Selu, Sigmoid, Softmax, Softplus, Tanh }),
  ]; // prettier-ignore
  test.each(layers)("%s gives the shape it announces", (_name, layer) => {
    const { shape, out } = run(layer);
    expect((out as Value).shape).toEqual(shape);
  });
});

test.each([
  ["Tanh", Tanh, Math.tanh],
  ["Relu", Relu, (x: number) => Math.max(x, 0)],
  ["Exp", Exp, Math.exp],
  ["Sigmoid", Sigmoid, (x: number) => 1 / (1 + Math.exp(-x))],
  ["Softplus", Softplus, (x: number) => Math.log1p(Math.exp(x))],
  ["Elu", Elu, (x: number) => (x > 0 ? x : Math.expm1(x))],
  ["LeakyRelu", LeakyRelu, (x: number) => (x > 0 ? x : 0.01 * x)],
  ["Identity", Identity, (x: number) => x],
] as const)("%s is its function", (_name, layer, f) => {
  const out = (run(layer).out as Value).tolist() as number[][];
  (inputs.tolist() as number[][]).forEach((row, i) =>
    row.forEach((x, j) => expect(out[i][j]).toBeCloseTo(f(x), 5)),
  );
});

test("Dense multiplies by its weights and adds its biases", () => {
  const { params, out } = run(Dense(2));
  const [w, b] = params as [Value, Value];
  expect([w.shape, b.shape]).toEqual([[3, 2], [2]]);
  expect((out as Value).tolist()).toEqual(
    np.add(np.matmul(inputs, w), b).tolist(),
  );
});

test("Softmax sums to one, BatchNorm gives mean 0 and variance 1", () => {
  const rows = np.sum(run(Softmax).out as Value, { axis: 1 });
  (rows.tolist() as number[]).forEach((s) => expect(s).toBeCloseTo(1, 5));
  const z = run(BatchNorm()).out as Value;
  const moment = (x: Value) => np.mean(x, { axis: 0 }).tolist() as number[];
  moment(z).forEach((m) => expect(m).toBeCloseTo(0, 5));
  moment(np.multiply(z, z)).forEach((v) => expect(v).toBeCloseTo(1, 3));
});

describe("Dropout", () => {
  const ones = np.ones([100, 100]);
  test("keeps the share it is given and scales what it keeps", () => {
    const out = run(Dropout(0.8), ones).out as Value;
    const values = new Set(out.tolist().toString().split(",").map(Number));
    expect([...values].sort()).toEqual([0, 1.25]);
    expect(np.mean(out).item()).toBeCloseTo(1, 1);
  });
  test("passes everything on in mode test, and needs a key in mode train", () => {
    expect(Dropout(0.5, "test")[1](null, ones)).toBe(ones);
    expect(() => Dropout(0.5)[1](null, ones)).toThrow(
      /^Dropout: expected a key to draw with, got none/,
    );
  });
});

test("FanOut, parallel and FanInSum make a residual block", () => {
  const block = serial(FanOut(2), parallel(Tanh, Identity), FanInSum);
  const { shape, out } = run(block);
  expect(shape).toEqual([4, 3]);
  expect((out as Value).tolist()).toEqual(
    np.add(np.tanh(inputs), inputs).tolist(),
  );
});

test.each([
  ["Dense after FanOut", () => run(serial(FanOut(2), Dense(2))), /^Dense: expected one input shape, got a list of 2/],
  ["sums of two shapes", () => run(serial(FanOut(2), parallel(Dense(2), Identity), FanInSum)), /^FanInSum: expected inputs of one shape, got \[4,2\] and \[4,3\]/],
  ["too few branches", () => run(serial(FanOut(3), parallel(Identity))), /^parallel: expected 1 input shapes, got 3/],
] as const)("%s is refused in one sentence", (_title, build, message) => {
  expect(build).toThrow(message);
}); // prettier-ignore

test("a network's gradient has its parameters' tree, eager and compiled", () => {
  const [init, apply] = serial(Dense(4), Tanh, Dropout(0.9), Dense(1));
  const [, params] = init(key, [-1, 3]);
  const loss = (p: typeof params, rng: Value) => {
    const y = apply(p, inputs, { rng }) as Value;
    return np.mean(np.multiply(y, y));
  };
  const rng = random.key(3);
  const eager = grad(loss)(params, rng) as [[Value, Value], null, null, [Value, Value]]; // prettier-ignore
  const compiled = jit(grad(loss), { device: "js" })(
    params,
    rng,
  ) as typeof eager;
  expect(eager[1]).toBeNull();
  expect(eager[0][0].shape).toEqual([3, 4]);
  expect(compiled[3][1].item()).toBeCloseTo(eager[3][1].item(), 5);
});

test("the same key gives the same network", () => {
  const make = () => serial(Dense(2))[0](random.key(9), [-1, 3])[1] as [[Value, Value]]; // prettier-ignore
  expect(make()[0][0].tolist()).toEqual(make()[0][0].tolist());
  expect(array(make()[0][1].tolist()).shape).toEqual([2]);
});

describe("layers of images", () => {
  const { AvgPool, Conv, MaxPool, SumPool } = stax;
  const image = random.normal(random.key(4), [2, 5, 6, 3]);
  const pixel = (x: Value, ...at: number[]) =>
    at.reduce<unknown>(
      (rows, i) => (rows as unknown[])[i],
      x.tolist(),
    ) as number;

  test.each([
    ["Conv", Conv(4, [3, 3], { padding: "SAME", strides: [2, 2] })],
    ["Conv without padding", Conv(4, [2, 3])],
    ["MaxPool", MaxPool([2, 2], { strides: [2, 2] })],
    ["SumPool", SumPool([2, 3])],
    ["AvgPool", AvgPool([3, 3], { padding: "SAME" })],
  ] as [string, stax.AnyLayer][])("%s gives the shape it announces, for any batch", (_n, layer) => {
    const { shape, out } = run(layer, image);
    expect((out as Value).shape).toEqual(shape);
    expect(layer[0](key, [-1, 5, 6, 3])[0]).toEqual([-1, ...shape.slice(1)]);
  }); // prettier-ignore

  test("Conv is a sum over the window and channels, plus a bias a channel", () => {
    const { params, out } = run(Conv(2, [2, 2]), image);
    const [w, b] = params as [Value, Value];
    let want = pixel(b, 0, 0, 0, 1);
    for (const i of [0, 1])
      for (const j of [0, 1])
        for (const c of [0, 1, 2])
          want += pixel(image, 1, 2 + i, 3 + j, c) * pixel(w, i, j, c, 1);
    expect(pixel(out as Value, 1, 2, 3, 1)).toBeCloseTo(want, 5);
  });

  test("pooling takes the largest, the sum and the mean of the elements inside", () => {
    const corner = [[0, 0], [0, 1], [1, 0], [1, 1]].map(([i, j]) => pixel(image, 0, i, j, 2)); // prettier-ignore
    const total = corner.reduce((a, b) => a + b, 0);
    const same = { padding: "SAME" } as const;
    const at = (layer: stax.AnyLayer, i: number, j: number) => pixel(run(layer, image).out as Value, 0, i, j, 2); // prettier-ignore
    expect(at(MaxPool([2, 2]), 0, 0)).toBe(Math.max(...corner));
    expect(at(SumPool([2, 2]), 0, 0)).toBeCloseTo(total, 5);
    expect(at(AvgPool([2, 2]), 0, 0)).toBeCloseTo(total / 4, 5);
    // Of a 3 x 3 window around the corner, four elements lie inside.
    expect(at(AvgPool([3, 3], same), 0, 0)).toBeCloseTo(total / 4, 5);
  });
});
