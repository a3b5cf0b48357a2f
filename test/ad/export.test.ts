/** @file Exported functions, loaded by ONNX Runtime without our code, give what `jit` gives. */
import fc from "fast-check";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, describe, expect, test } from "vitest";
import {
  array,
  cond,
  exportOnnx,
  foriLoop,
  grad,
  jit,
  numpy as np,
  random,
  scan,
  ShapeDtypeStruct,
  vmap,
  whileLoop,
  type Array as Arr,
  type DType,
  type TypedArray,
  type Value,
} from "../../src/ad/index.ts";
import { leaves } from "../../src/ad/tree.ts";
import { expectClose, toNdAsync, type Nd } from "./naive.cases.ts";
import { readModel } from "./onnx-file.cases.ts";
import { programs, setUp } from "./random-programs.cases.ts";

const sessions: InferenceSession[] = [];
afterAll(() => Promise.all(sessions.map((s) => s.release())));

/** A session of plain ONNX Runtime on the bytes: what any other user of the file has. */
async function load(bytes: Uint8Array): Promise<InferenceSession> {
  const session = await InferenceSession.create(bytes, {
    logSeverityLevel: 3,
  });
  sessions.push(session);
  return session;
}

const names: Partial<Record<DType, Tensor.Type>> = {
  float32: "float32",
  float64: "float64",
  int32: "int32",
  uint32: "uint32",
  bool: "bool",
};
const tensor = (x: Arr): Tensor =>
  new Tensor(
    names[x.dtype] as "float32",
    x.dataSync() as Float32Array,
    x.shape,
  );

async function run(
  session: InferenceSession,
  inputs: readonly Tensor[],
): Promise<Nd[]> {
  const feeds = Object.fromEntries(
    session.inputNames.map((name, i) => [name, inputs[i]]),
  );
  const results = await session.run(feeds);
  return session.outputNames.map((name) => ({
    shape: results[name].dims,
    data: Array.from(results[name].data as TypedArray, Number),
  }));
}

const floats = (...shape: number[]): Arr =>
  array(
    Float32Array.from({ length: shape.reduce((n, k) => n * k, 1) }, (_, i) =>
      Math.sin(i + shape.length),
    ),
    { shape },
  );

/** The file of `f` run by ONNX Runtime beside `f` compiled by `jit`, at the same arguments. */
async function expectLikeJit<A extends Value[]>(
  f: (...args: A) => unknown,
  args: A,
  tolerance = 1e-6,
): Promise<void> {
  const session = await load(await exportOnnx(f, args as never));
  const got = await run(session, (args as unknown as Arr[]).map(tensor));
  const compiled = jit(f, { threads: 1 });
  const want = await Promise.all(
    (leaves(compiled(...args)) as Value[]).map(toNdAsync),
  );
  got.forEach((x, i) => expectClose(x, want[i], tolerance));
  expect(got.length).toBe(want.length);
  await compiled.dispose();
}

describe("values", () => {
  const weights = floats(40, 40);
  const cases: Record<string, [(...x: Value[]) => unknown, Arr[]]> = {
    "a dense layer over a constant too large to share": [
      (x) => np.tanh(np.matmul(x, weights)),
      [floats(3, 40)],
    ],
    "a gradient through a scan": [
      (h, xs) =>
        grad((h: Value) =>
          np.sum(
            scan(
              (c: Value, x: Value) => {
                const next = np.tanh(np.add(np.matmul(c, weights), x));
                return [next, null] as [Value, null];
              },
              h,
              xs,
            )[0],
          ),
        )(h),
      [floats(40), floats(5, 40)],
    ],
    "branches and loops": [
      (x) =>
        cond(
          np.less(np.sum(x), 0),
          (x: Value) => foriLoop(0, 3, (_, c: Value) => np.sin(c), x),
          (x: Value) =>
            whileLoop(
              (c: Value) => np.less(np.sum(c), 5),
              (c: Value) => np.add(c, 1),
              x,
            ),
          x,
        ),
      [floats(3)],
    ],
    "random numbers": [
      (x) => np.add(random.normal(random.PRNGKey(3), [4]), x),
      [floats(4)],
    ],
    "sorting and integers": [
      (x) => [np.argsort(x), np.sort(x), np.less(x, 0)],
      [floats(7)],
    ],
    "an argument handed back, twice, beside one nobody reads": [
      (x) => [x, x],
      [floats(2), floats(3)],
    ],
    "a batch of functions": [
      (x) => vmap((row: Value) => np.logsumexp(row))(x),
      [floats(4, 3)],
    ],
  };
  test.each(Object.entries(cases))("%s", async (_, [f, args]) => {
    await expectLikeJit(f, args);
  });

  test("random programs", async () => {
    await fc.assert(
      fc.asyncProperty(programs, async ([steps, shape, seed]) => {
        const { f, args } = setUp(steps, shape, seed);
        await expectLikeJit(f, args, 1e-12);
      }),
      { numRuns: 60 },
    );
  });
});

describe("the file", () => {
  const cell = (
    params: { wh: Value; b: Value },
    h: Value,
    xs: readonly Value[],
  ) => ({
    h: np.tanh(np.add(np.matmul(h, params.wh), params.b)),
    seen: xs,
  });
  const args = [
    { wh: floats(3, 3), b: floats(3) },
    floats(2, 3),
    [array([1, 2], { dtype: "int32" }), floats(2)],
  ] as [{ wh: Value; b: Value }, Value, Value[]];

  test("names inputs and outputs by their paths, or as it is told", async () => {
    const plain = readModel(await exportOnnx(cell, args));
    expect(plain.inputs.map(({ name }) => name)).toEqual([
      "x0.b",
      "x0.wh",
      "x1",
      "x2.0",
      "x2.1",
    ]);
    expect(plain.outputs.map(({ name }) => name)).toEqual([
      "h",
      "seen.0",
      "seen.1",
    ]);
    const named = await exportOnnx(cell, args, {
      inputNames: ["params", "state", ["when", "const_0"]],
      outputNames: { h: "Tanh_0", seen: "given" },
    });
    expect(readModel(named).inputs.map(({ name }) => name)).toEqual([
      "params.b",
      "params.wh",
      "state",
      "when",
      "const_0",
    ]);
    // Names that tensors inside would have had.
    const session = await load(named);
    expect(session.outputNames).toEqual(["Tanh_0", "given.0", "given.1"]);
    const [h] = await run(
      session,
      (leaves(args) as Arr[]).map((x) => tensor(x)),
    );
    expectClose(h, await toNdAsync(cell(...args).h), 1e-6);
  });

  const y = (f: (x: Value) => unknown) => exportOnnx(f, [floats(1)]);
  test.each([
    ["a single result", (x: Value) => x, ["y0"]],
    ["a list", (x: Value) => [x, { a: x }], ["y0", "y1.a"]],
    ["a record", (x: Value) => ({ a: x, b: [x, x] }), ["a", "b.0", "b.1"]],
  ] as const)("names the results of %s", async (_, f, want) => {
    const { outputs } = readModel(await y(f));
    expect(outputs.map(({ name }) => name)).toEqual(want);
  });

  test("takes any size of a named axis", async () => {
    const f = (x: Value, w: Value) => {
      const rows = np.matmul(x, w);
      return { rows, total: np.sum(rows, { axis: 0 }) };
    };
    const w = floats(3, 2);
    const bytes = await exportOnnx(
      f,
      [new ShapeDtypeStruct([4, 3]), w],
      { symbolicShapes: ["batch, _", null], inputNames: ["x", "w"] }, // prettier-ignore
    );
    const { inputs, outputs } = readModel(bytes);
    expect(inputs).toEqual([
      { name: "x", element: 1, dims: ["batch", 3] },
      { name: "w", element: 1, dims: [3, 2] },
    ]);
    expect(outputs.map(({ dims }) => dims)).toEqual([["batch", 2], [2]]);
    const session = await load(bytes);
    for (const batch of [1, 2, 9]) {
      const x = floats(batch, 3);
      const [rows, total] = await run(session, [tensor(x), tensor(w)]);
      const want = f(x, w);
      expectClose(rows, await toNdAsync(want.rows), 1e-6);
      expectClose(total, await toNdAsync(want.total), 1e-6);
    }
  });

  test("takes int64 where it is told to", async () => {
    const f = (rows: Value, at: Value) => np.take(rows, at);
    const rows = floats(5, 2);
    const bytes = await exportOnnx(
      f,
      [rows, array([0], { dtype: "int32" })],
      { symbolicShapes: [null, "n"], inputNames: ["rows", "at"], int64Inputs: ["at"] }, // prettier-ignore
    );
    expect(readModel(bytes).inputs[1]).toEqual({
      name: "at",
      element: 7,
      dims: ["n"],
    });
    const at = new Tensor("int64", BigInt64Array.of(4n, 0n, -1n), [3]);
    const [got] = await run(await load(bytes), [tensor(rows), at]);
    const want = f(rows, array([4, 0, 4], { dtype: "int32" }));
    expectClose(got, await toNdAsync(want), 0);
  });

  test("says what it is, holds every constant and needs standard operators only", async () => {
    const big = floats(64, 64);
    const bytes = await exportOnnx((x: Value) => np.matmul(x, big), [floats(64)], {
      docString: "one product",
      metadata: { license: "none", "unit of x": "m/s", empty: "", "ключ": "значение" },
    }); // prettier-ignore
    const model = readModel(bytes);
    expect(model).toMatchObject({
      irVersion: 9,
      producer: "unirep-ts",
      docString: "one product",
      opsets: [{ domain: "", version: 20 }],
      metadata: {
        license: "none",
        "unit of x": "m/s",
        empty: "",
        ключ: "значение",
      },
      domains: [""],
      locations: [],
    });
    expect(model.producerVersion).toMatch(/^\d+\.\d+\.\d+/);
    expect(bytes.byteLength).toBeGreaterThan(64 * 64 * 4);
  });
});

describe("refusals", () => {
  const x = floats(2);
  const two = (a: Value, b: Value) => ({ a, b });
  const closedOver = () => {
    let file: Promise<Uint8Array> = Promise.resolve(new Uint8Array());
    grad((a: Value) => {
      file = exportOnnx((b: Value) => np.add(a, b), [1]);
      return a;
    })(array(1));
    return file;
  };
  const cases: Record<string, [() => Promise<Uint8Array>, string]> = {
    "one name for two inputs": [
      () => exportOnnx(two, [x, x], { inputNames: ["a", "a"] }),
      'exportOnnx: expected a different name for every input and output, got "a" twice; give inputNames or outputNames',
    ],
    "one name for an input and an output": [
      () => exportOnnx(two, [x, x], { inputNames: ["a", null] }),
      'exportOnnx: expected a different name for every input and output, got "a" twice; give inputNames or outputNames',
    ],
    "paths that read alike": [
      () => exportOnnx((x: Value) => ({ "a.b": x, a: { b: x } }), [x]),
      'exportOnnx: expected a different name for every input and output, got "a.b" twice; give inputNames or outputNames',
    ],
    "names for what is not there": [
      () => exportOnnx(two, [x, x], { outputNames: { a: "u", c: "v" } }),
      'exportOnnx outputNames: expected a prefix of {a: *, b: *}, got {"a":"u","c":"v"}',
    ],
    "a name that is no text": [
      () => exportOnnx(two, [x, x], { inputNames: ["a", 3] }),
      "exportOnnx inputNames: expected a name for x1, got 3",
    ],
    "int64 for floats": [
      () => exportOnnx(two, [x, x], { int64Inputs: ["x1"] }),
      'exportOnnx int64Inputs: expected "x1" to be an int32 input, got float32',
    ],
    "int64 for nothing": [
      () => exportOnnx(two, [x, x], { int64Inputs: ["x2"] }),
      'exportOnnx int64Inputs: expected "x2" to be an int32 input, got no such input',
    ],
    "a function that computes with a size of any value": [
      () =>
        exportOnnx((x: Value) => np.concatenate([x, x]), [x], {
          symbolicShapes: ["n"],
        }),
      "exportOnnx: the function computes with the size of a symbolic axis (n); it may only pass such axes along",
    ],
    "a traced value that was closed over": [
      closedOver,
      "exportOnnx: a traced value was closed over; pass it as an argument instead",
    ],
    "more constants than a file holds": [
      () => {
        // Never read, so that its pages are never made. The other 4 bytes are the 0.
        const huge = array(new Uint8Array(2 ** 31), { dtype: "bool", shape: [2 ** 20, 2 ** 11] }); // prettier-ignore
        return exportOnnx((x: Value) => np.where(huge, x, 0), [1]);
      },
      "exportOnnx: expected less than 2147483648 bytes, which is what one ONNX file holds, got 2147483652 with the closed-over constants; pass large ones as arguments instead",
    ],
  };
  test.each(Object.entries(cases))("%s", async (_, [file, message]) => {
    await expect(file()).rejects.toThrow(message);
  });
});
