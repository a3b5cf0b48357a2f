/** @file The parts of the page that need no browser: planes, colours, labels, FASTA, curves, words. */
import { Matrix, SVD } from "ml-matrix";
import { describe, expect, test } from "vitest";
import { byLabel, byNumber, rampColour } from "../../src/api/page/colours.ts";
import { drawn, emptyCurve, grown } from "../../src/api/page/curve.ts";
import { describe as describeError } from "../../src/api/page/errors.ts";
import { parseFasta, readHeaders } from "../../src/api/page/fasta.ts";
import { age, bytes, counted, duration, measure } from "../../src/api/page/format.ts"; // prettier-ignore
import { readKey } from "../../src/api/page/key-shape.ts";
import { labelRule, secondWord } from "../../src/api/page/labels.ts";
import { principalComponents } from "../../src/api/page/pca.ts";
import { umap } from "../../src/api/page/projection.ts";
import { random } from "../../src/api/page/random.ts";
import { bestEpoch, bestTrial, emptyStudy, told, validationCurve } from "../../src/api/page/study.ts"; // prettier-ignore
import { ticks } from "../../src/api/page/ticks.ts";
import { fitAll, moveBy, neighbour, pixelX, pixelY, pointAt, zoomAt } from "../../src/api/page/viewport.ts"; // prettier-ignore

const cloud = (rows: number, columns: number, seed = 7) => {
  const next = random(seed);
  const values = Float32Array.from({ length: rows * columns }, (_, at) => (next() - 0.5) / (1 + (at % columns))); // prettier-ignore
  return { values, rows, columns };
};

describe("principal components", () => {
  test("are the known axes of a known ellipse", () => {
    // Along (3, 4)/5 with deviation 10, across it with 1, around (100, -50).
    const values = Float32Array.from([-1, 0, 1].flatMap((a) => [-1, 0, 1].flatMap((b) => [100 + 6 * a - 0.8 * b, -50 + 8 * a + 0.6 * b]))); // prettier-ignore
    const { points, shares } = principalComponents({ values, rows: 9, columns: 2 }); // prettier-ignore
    const expected = [-1, 0, 1].flatMap((a) => [-1, 0, 1].flatMap((b) => [10 * a, -b])); // prettier-ignore
    const sign = Math.sign(points[1]) === Math.sign(expected[1]) ? 1 : -1;
    for (const [i, x] of points.entries()) expect(x).toBeCloseTo(i % 2 ? sign * expected[i] : expected[i], 4); // prettier-ignore
    expect(shares[0]).toBeCloseTo(100 / 101, 6);
    expect(shares[1]).toBeCloseTo(1 / 101, 6);
  });

  test.each([
    [40, 12],
    [5, 64],
    [300, 3],
  ])("are those of a singular value decomposition, %i rows of %i", (rows, columns) => {
    const matrix = cloud(rows, columns);
    const dense = new Matrix(Array.from({ length: rows }, (_, i) => [...matrix.values.subarray(i * columns, (i + 1) * columns)])).center("column"); // prettier-ignore
    const svd = new SVD(dense, { autoTranspose: true });
    const { points, shares } = principalComponents(matrix);
    const total = svd.diagonal.reduce((sum, s) => sum + s * s, 0);
    for (const axis of [0, 1]) {
      expect(shares[axis]).toBeCloseTo(svd.diagonal[axis] ** 2 / total, 6);
      const scores = svd.leftSingularVectors.getColumn(axis).map((x) => x * svd.diagonal[axis]); // prettier-ignore
      const dot = scores.reduce((sum, x, i) => sum + x * points[2 * i + axis], 0); // prettier-ignore
      expect(Math.abs(dot)).toBeCloseTo(svd.diagonal[axis] ** 2, 4);
    }
  }); // prettier-ignore

  test.each([
    ["no spread", new Float32Array(12).fill(3), 4, 3, [0, 0]],
    ["one row", Float32Array.from([1, 2, 3]), 1, 3, [0, 0]],
    ["one direction", Float32Array.from([1, 2, 2, 4, 3, 6]), 3, 2, [1, 0]],
    ["one column", Float32Array.from([1, 2, 4]), 3, 1, [1, 0]],
  ])("are numbers where there is %s", (_what, values, rows, columns, expected) => {
    const { points, shares } = principalComponents({ values, rows, columns });
    expect([...points].every(Number.isFinite)).toBe(true);
    expect(shares[0]).toBeCloseTo(expected[0], 6);
    expect(shares[1]).toBeCloseTo(expected[1], 6);
  }); // prettier-ignore
});

test("UMAP keeps groups together and is the same each time", () => {
  const matrix = cloud(60, 8);
  for (let i = 0; i < 30 * 8; i++) matrix.values[i] += 5;
  const [first, again] = [umap(matrix, () => {}), umap(matrix, () => {})];
  expect(first.points).toEqual(again.points);
  const { points } = first;
  const distance = (i: number, j: number) => Math.hypot(points[2 * i] - points[2 * j], points[2 * i + 1] - points[2 * j + 1]); // prettier-ignore
  const nearest = (i: number) => [...Array(60).keys()].filter((j) => j !== i).sort((j, k) => distance(i, j) - distance(i, k))[0]; // prettier-ignore
  const together = [...Array(60).keys()].filter((i) => i < 30 === nearest(i) < 30); // prettier-ignore
  expect(together.length).toBe(60);
  expect(() => umap(cloud(3, 4), () => {})).toThrow("expected at least 4 sequences, got 3"); // prettier-ignore
});

describe("the view of a map", () => {
  const points = Float32Array.from([0, 0, 10, 0, 10, 10, -20, 5]);
  const view = fitAll(points, 400, 300);

  test("shows all points with a margin", () => {
    for (let i = 0; i < 4; i++) {
      const [x, y] = [pixelX(view, points[2 * i]), pixelY(view, points[2 * i + 1])]; // prettier-ignore
      expect(x).toBeGreaterThanOrEqual(23);
      expect(x).toBeLessThanOrEqual(377);
      expect(y).toBeGreaterThanOrEqual(23);
      expect(y).toBeLessThanOrEqual(277);
    }
    expect(fitAll(new Float32Array(2), 100, 100).scale).toBeGreaterThan(0);
  });

  test("keeps what lies under the pointer when it zooms", () => {
    const [x, y] = [pixelX(view, 10), pixelY(view, 10)];
    const closer = zoomAt(view, 3, x, y);
    expect(pixelX(closer, 10)).toBeCloseTo(x);
    expect(pixelY(closer, 10)).toBeCloseTo(y);
    expect(pixelX(closer, 0)).toBeCloseTo(x - 3 * (x - pixelX(view, 0)));
    const moved = moveBy(view, 5, -7);
    expect(pixelX(moved, 0)).toBeCloseTo(pixelX(view, 0) + 5);
    expect(pixelY(moved, 0)).toBeCloseTo(pixelY(view, 0) - 7);
  });

  test("finds the point under a pixel, and none where there is none", () => {
    const at = (i: number) => [pixelX(view, points[2 * i]) + 3, pixelY(view, points[2 * i + 1])] as const; // prettier-ignore
    expect(pointAt(view, points, ...at(2), 10)).toBe(2);
    expect(pointAt(view, points, 0, 0, 10)).toBeNull();
  });

  test.each([
    ["right", 0, 1, 0, 1],
    ["up", 1, 0, 1, 2],
    ["left", 0, -1, 0, 3],
    ["beyond the edge", 3, -1, 0, null],
  ])("goes from point to point: %s", (_way, from, dx, dy, to) => {
    expect(neighbour(points, from, dx, dy)).toBe(to);
  });
});

describe("colours", () => {
  test("follow a scale from its first to its last colour", () => {
    const stops = ["#000000", "#804020", "#ffffff"];
    expect([0, 0.25, 0.5, 1, 2].map((t) => rampColour(stops, t))).toEqual(["#000000", "#402010", "#804020", "#ffffff", "#ffffff"]); // prettier-ignore
    expect(byNumber([5, 10, 15], stops)).toMatchObject({ colours: ["#000000", "#804020", "#ffffff"], range: [5, 15] }); // prettier-ignore
  });

  test("are the labels' own for the most frequent, one for all others", () => {
    const labels = ["a", "b", "b", "c", "c", "c", null];
    const { colours, entries } = byLabel(labels, ["red", "blue"], "grey");
    expect(colours).toEqual(["grey", "blue", "blue", "red", "red", "red", "grey"]); // prettier-ignore
    expect(entries).toEqual([
      { label: "c", colour: "red", points: 3 },
      { label: "b", colour: "blue", points: 2 },
      { label: "1 other label", colour: "grey", points: 1 },
      { label: "no label", colour: "grey", points: 1 },
    ]);
  });

  test.each([
    ["sp|P01308 Insulin OS=Homo sapiens OX=9606", "OS=(\\S+ \\S+)", "Homo sapiens"], // prettier-ignore
    ["sp|P01308 Insulin", "P\\d+", "P01308"],
    ["sp|P01308 Insulin", "nothing", null],
  ])("may come from an expression over %s", (header, expression, label) => {
    expect(labelRule(expression)(header)).toBe(label);
    expect(secondWord(header)).toBe("Insulin");
  });
});

describe("FASTA of the page", () => {
  test.each([
    [">a one\nMK\nTA\n>b\r\nGG", [["a", "a one", "MKTA"], ["b", "b", "GG"]]],
    ["\uFEFF>a\nM K", [["a", "a", "MK"]]],
    ["MKTA\nYI\n", [["seq-1", "seq-1", "MKTAYI"]]],
    [">\nMK\n>\nTA", [["seq-1", "", "MK"], ["seq-2", "", "TA"]]],
    ["; a comment\n>a\nMK", [["a", "a", "MK"]]],
    ["", []],
  ])("%j", (text, expected) => {
    expect(parseFasta(text).map(({ id, header, sequence }) => [id, header, sequence])).toEqual(expected); // prettier-ignore
  }); // prettier-ignore

  test("is refused where headers come only after something else", () => {
    expect(() => parseFasta("hello\n>a\nMK")).toThrow("FASTA: expected > at line 1, before the first sequence"); // prettier-ignore
  });

  test("gives headers of a large file, gzip or not, as many as are wanted", async () => {
    const text = Array.from({ length: 5000 }, (_, i) => `>p${i} label${i % 3}\nMK\n`).join(""); // prettier-ignore
    const plain = new Blob([text]);
    const packed = await new Response(plain.stream().pipeThrough(new CompressionStream("gzip"))).blob(); // prettier-ignore
    for (const blob of [plain, packed]) {
      const headers = await readHeaders(blob, 1000);
      expect(headers.size).toBe(1000);
      expect(headers.get("p7")).toBe("p7 label1");
    }
    expect((await readHeaders(plain, 1e6)).size).toBe(5000);
  });
});

describe("a study", () => {
  const study = [
    { type: "validation", trial: null, epoch: 0, crossEntropy: 2.9, perplexity: 18 }, // prettier-ignore
    { type: "trial", trial: 1, setting: { learningRate: 1e-4 }, outcome: null, value: null }, // prettier-ignore
    { type: "step", trial: 1, fold: 1, step: 1, epoch: 1, loss: 2.8, learningRate: 1e-4 }, // prettier-ignore
    { type: "validation", trial: 1, fold: 1, epoch: 1, crossEntropy: 2.6, perplexity: 13 }, // prettier-ignore
    { type: "validation", trial: 1, fold: 2, epoch: 1, crossEntropy: 2.8, perplexity: 16 }, // prettier-ignore
    { type: "validation", trial: 1, fold: 1, epoch: 2, crossEntropy: 2.75, perplexity: 15 }, // prettier-ignore
    { type: "trial", trial: 1, setting: { learningRate: 1e-4 }, outcome: "finished", value: 2.7 }, // prettier-ignore
    { type: "trial", trial: 2, setting: { learningRate: 1e-3 }, outcome: "finished", value: 2.65 }, // prettier-ignore
    { type: "step", trial: null, step: 3, epoch: 1, loss: 2.5, learningRate: 1e-3 }, // prettier-ignore
  ] as const;
  const whole = study.reduce(told, emptyStudy);

  test("is told by its events", () => {
    const trial = whole.trials.get(1)!;
    expect(validationCurve(whole, trial)).toEqual([{ x: 0, y: 2.9 }, { x: 1, y: (2.6 + 2.8) / 2 }, { x: 2, y: 2.75 }]); // prettier-ignore
    expect(bestEpoch(trial)).toBe(1);
    expect(bestTrial(whole)).toBe(2);
    expect(trial).toMatchObject({ outcome: "finished", value: 2.7 });
    expect(whole.latest).toBeNull();
    expect(drawn(whole.trials.get(null)!.training.get(0)!)).toEqual([{ x: 3, y: 2.5 }]); // prettier-ignore
  });

  test("stays small however many steps it has, and keeps their mean", () => {
    let curve = emptyCurve;
    for (let x = 1; x <= 20_000; x++) curve = grown(curve, { x, y: x % 2 });
    const points = drawn(curve);
    expect(points.length).toBeLessThan(810);
    expect(points.length).toBeGreaterThan(300);
    expect(points.every(({ y }) => Math.abs(y - 0.5) < 0.01)).toBe(true);
  });
});

test.each([
  [0, 10, 5, [0, 2, 4, 6, 8, 10]],
  [2.88, 2.93, 4, [2.88, 2.9, 2.92]],
  [-0.3, 0.3, 3, [-0.2, 0, 0.2]],
  [5, 5, 4, [5]],
])("an axis from %d to %d has round numbers", (low, high, wanted, expected) => {
  expect(ticks(low, high, wanted)).toEqual(expected);
});

test.each([
  [bytes(999), "999 B"],
  [bytes(611_264), "611 kB"],
  [bytes(4e9), "4 GB"],
  [duration(59.6), "1 min 0 s"],
  [duration(7325), "2 h 2 min"],
  [counted(1, "job"), "1 job"],
  [counted(12_345, "residue"), "12,345 residues"],
  [measure(0.00000315), "3.15e-6"],
  [measure(2.91654), "2.917"],
  [age("2026-01-01T00:00:00Z", Date.parse("2026-01-01T02:00:00Z")), "2 h ago"],
])("words for people: %s", (got, expected) => expect(got).toBe(expected));

describe("what is wrong", () => {
  const key = `ur_${"0a".repeat(8)}_${"b".repeat(64)}_${"c".repeat(8)}`;
  test.each([
    [key, { id: "0a".repeat(8) }],
    ["", { wrong: "Expected an API key, got nothing." }],
    ["hello", { wrong: "Expected an API key, which begins with ur_." }],
    [key.slice(0, 50), { wrong: "Expected an API key of 93 characters, got 50. Part of it is missing, or something is beside it." }], // prettier-ignore
    [key.replace("b", "g"), { wrong: "Expected an API key: ur_, then groups of 16, 64 and 8 of 0–9 and a–f. A character is mistyped." }], // prettier-ignore
  ])("with a key is said before it is sent: %s", (text, expected) => {
    expect(readKey(text)).toEqual(expected);
  });

  test("with a request is its detail and the place of every fault", () => {
    const problem = {
      detail: "api: body at /input/1/sequence: 2 faults",
      errors: [
        { pointer: "/input/1/sequence", detail: "expected a residue, got 1", column: 4 }, // prettier-ignore
        { pointer: "/file/0/2", file: "a.fasta", record: 3, line: 9, column: 2, detail: "expected a residue, got #" }, // prettier-ignore
        { pointer: "/model_name", detail: "expected an id that no model has" },
      ],
    };
    const error = Object.assign(new Error("POST /v1/embeddings: 422"), { problem }); // prettier-ignore
    expect(describeError(error, ["first", "second"])).toEqual({
      message: problem.detail,
      places: [
        "record 2 (second), column 4: expected a residue, got 1",
        "a.fasta, record 3, line 9, column 2: expected a residue, got #",
        "/model_name: expected an id that no model has",
      ],
    });
    expect(describeError(new Error("no answer"))).toEqual({ message: "no answer", places: [] }); // prettier-ignore
  });
});
