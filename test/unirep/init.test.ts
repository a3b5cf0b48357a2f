/** @file Untrained parameters against jax-unirep's own, SciPy's quantiles, and the definitions. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { initParams, initStyles } from "../../src/unirep/init.ts";
import { customModel, models } from "../../src/unirep/model.ts";
import {
  checkParams,
  namedParams,
  type HostTensor,
} from "../../src/unirep/params.ts";
import { hashParams } from "../../src/unirep/weights/hash.ts";
import {
  normalQuantileOfHalf,
  orthogonalRows,
} from "../../src/unirep/weights/init-math.ts";

const goldens = JSON.parse(
  readFileSync(new URL("../goldens/random.json", import.meta.url), "utf8"),
) as {
  quantiles: [number, number][];
  models: {
    units: number;
    layers: number;
    seed: number;
    params: Record<
      string,
      { first: number[]; length: number; sum: number; sumOfSquares: number }
    >;
  }[];
};

/** The largest entry of |W Wᵀ - I|, rows or columns, whichever are fewer. */
function orthogonalityError({
  shape: [rows, columns],
  data,
}: HostTensor): number {
  const [short, long, at] =
    rows <= columns
      ? [rows, columns, (i: number, k: number) => data[i * columns + k]]
      : [columns, rows, (i: number, k: number) => data[k * columns + i]];
  let worst = 0;
  for (let i = 0; i < short; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < long; k++) sum += at(i, k) * at(j, k);
      worst = Math.max(worst, Math.abs(sum - (i === j ? 1 : 0)));
    }
  }
  return worst;
}

describe("jax-unirep style", () => {
  test.each(goldens.models)(
    "$layers x $units units with seed $seed are jax-unirep's own",
    ({ units, layers, seed, params }) => {
      const named = namedParams(
        initParams(customModel({ units, layers }), {
          seed,
          style: "jax-unirep",
        }),
      );
      expect(named.map(([name]) => name).sort()).toEqual(
        Object.keys(params).sort(),
      );
      for (const [name, { data }] of named) {
        const { first, length, sum, sumOfSquares } = params[name];
        expect(data.length).toBe(length);
        // float32 rounding of JAX's own inverse error function: a few units in the last place.
        first.forEach((value, i) =>
          expect(Math.abs(data[i] - value)).toBeLessThan(
            2e-6 * Math.abs(value) + 1e-9,
          ),
        );
        expect(Math.abs(data.reduce((a, b) => a + b, 0) - sum)).toBeLessThan(
          1e-6 * length,
        );
        expect(data.reduce((a, b) => a + b * b, 0) / sumOfSquares).toBeCloseTo(
          1,
          5,
        );
      }
    },
  );
});

describe("original style", () => {
  const params = initParams(models["64"], { seed: 5, style: "original" });
  test("has orthogonal matrices, biases 3, gains 1 and a head without bias", () => {
    for (const { wx, wh, wmx, wmh, b, gx, gh, gmx, gmh } of params.layers) {
      for (const w of [wx, wh, wmx, wmh])
        expect(orthogonalityError(w)).toBeLessThan(1e-6);
      expect(new Set(b.data)).toEqual(new Set([3]));
      for (const g of [gx, gh, gmx, gmh])
        expect(new Set(g.data)).toEqual(new Set([1]));
    }
    expect(new Set(params.head.b.data)).toEqual(new Set([0]));
  });
  test("draws embedding and head within Glorot's bound, to its edges", () => {
    for (const { shape, data } of [params.embedding, params.head.w]) {
      const bound = Math.sqrt(6 / (shape[0] + shape[1]));
      const most = data.reduce((a, x) => Math.max(a, Math.abs(x)), 0);
      expect(most).toBeLessThanOrEqual(bound);
      expect(most).toBeGreaterThan(0.97 * bound);
    }
  });
  test.each([
    { units: 1 },
    { units: 2, embedding: 20 },
    { units: 3, layers: 2, embedding: 100 },
    { units: 100 },
  ])("is orthogonal for $units units, tall or wide", (options) => {
    for (const { wx, wh, wmx, wmh } of initParams(customModel(options), {
      seed: 1,
      style: "original",
    }).layers) {
      for (const w of [wx, wh, wmx, wmh])
        expect(orthogonalityError(w)).toBeLessThan(1e-6);
    }
  });
});

describe("unirep-ts style", () => {
  const params = initParams(models["64"], { seed: 5, style: "unirep-ts" });
  test("has orthogonal matrices, forget biases 1 and other biases 0, gains 1", () => {
    for (const { wx, wh, wmx, wmh, b, gx, gh, gmx, gmh } of params.layers) {
      for (const w of [wx, wh, wmx, wmh])
        expect(orthogonalityError(w)).toBeLessThan(1e-6);
      expect([...b.data]).toEqual(
        [0, 1, 0, 0].flatMap((bias) => Array<number>(64).fill(bias)),
      );
      for (const g of [gx, gh, gmx, gmh])
        expect(new Set(g.data)).toEqual(new Set([1]));
    }
  });
  test("has an embedding of mean 0 and variance 1", () => {
    const { data } = initParams(customModel({ units: 1, embedding: 1000 }), {
      seed: 1,
      style: "unirep-ts",
    }).embedding;
    const mean = data.reduce((sum, x) => sum + x, 0) / data.length;
    const square = data.reduce((sum, x) => sum + x * x, 0) / data.length;
    // Four standard errors of 26,000 draws.
    expect(Math.abs(mean)).toBeLessThan(0.025);
    expect(Math.abs(square - 1)).toBeLessThan(0.035);
  });
});

describe.each(initStyles)("style %s", (style) => {
  const config = customModel({ units: 12, layers: 2, embedding: 7 });
  test("has the model's shapes, and depends on the seed alone", () => {
    const params = initParams(config, { seed: 3, style });
    checkParams(params, config);
    expect(hashParams(initParams(config, { seed: 3, style }))).toBe(
      hashParams(params),
    );
    expect(hashParams(initParams(config, { seed: 4, style }))).not.toBe(
      hashParams(params),
    );
    expect(params.layers[0].wmh.data).not.toEqual(params.layers[1].wmh.data);
  });
});

describe("numerics", () => {
  test.each(goldens.quantiles)(
    "the quantile of %f is SciPy's",
    (u, expected) => {
      expect(Math.abs(normalQuantileOfHalf(u) - expected)).toBeLessThanOrEqual(
        1e-14 * Math.abs(expected),
      );
    },
  );
  test("orthonormal rows span what the rows before them spanned, diagonal positive", () => {
    const rows = 5;
    const length = 9;
    const a = Float64Array.from({ length: rows * length }, (_, i) =>
      Math.sin(i * i + 1),
    );
    const q = Float64Array.from(a);
    orthogonalRows(q, rows, length);
    const dot = (x: Float64Array, i: number, y: Float64Array, j: number) => {
      let sum = 0;
      for (let k = 0; k < length; k++)
        sum += x[i * length + k] * y[j * length + k];
      return sum;
    };
    for (let i = 0; i < rows; i++) {
      expect(dot(a, i, q, i)).toBeGreaterThan(0);
      for (let j = i + 1; j < rows; j++)
        expect(Math.abs(dot(a, i, q, j))).toBeLessThan(1e-13);
      for (let j = 0; j < i; j++)
        expect(Math.abs(dot(q, i, q, j))).toBeLessThan(1e-14);
    }
  });
  test("dependent rows are refused", () => {
    expect(() => orthogonalRows(new Float64Array(8), 2, 4)).toThrow(
      /row 0 depends/,
    );
  });
});
