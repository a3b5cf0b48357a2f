/** @file Rows of matrix factorisations and solves. */
import { nd, sizeOf, type Nd } from "../naive.cases.ts";
import { floats, type Case, type Row } from "./row.cases.ts";

type Matrix = number[][];

const make = (m: number, n: number, f: (i: number, j: number) => number): Matrix =>
  Array.from({ length: m }, (_, i) => Array.from({ length: n }, (_, j) => f(i, j))); // prettier-ignore
const flip = (a: Matrix, n = a[0]?.length ?? 0): Matrix =>
  make(n, a.length, (i, j) => a[j][i]);
const times = (a: Matrix, b: Matrix): Matrix =>
  make(a.length, b[0]?.length ?? 0, (i, j) =>
    b.reduce((total, row, k) => total + a[i][k] * row[j], 0),
  );
const eye = (n: number, m = n): Matrix => make(n, m, (i, j) => Number(i === j));

/** Every result of `f` over the matrices of stacks, as stacks again; a list of numbers is a vector. */
const perMatrix =
  (f: (...matrices: Matrix[]) => (Matrix | number[])[]) =>
  (args: readonly Nd[]): Nd[] => {
    const lead = args[0].shape.slice(0, -2);
    const results = Array.from({ length: sizeOf(lead) }, (_, member) =>
      f(
        ...args.map((x) => {
          const [m, n] = x.shape.slice(-2);
          return make(m, n, (i, j) => x.data[(member * m + i) * n + j]);
        }),
      ),
    );
    return results[0].map((first, k) => {
      const rows = first as (number | number[])[];
      const inner = Array.isArray(rows[0]) ? [rows.length, rows[0].length] : [rows.length]; // prettier-ignore
      return {
        shape: [...lead, ...inner],
        data: results.flatMap((result) => (result[k] as Matrix).flat()),
      };
    });
  };

/** Gauss with pivots, one right-hand side after another. */
function gauss(a: Matrix, b: Matrix): Matrix {
  const [m, x] = [a.map((row) => [...row]), b.map((row) => [...row])];
  const n = m.length;
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k; i < n; i++)
      if (Math.abs(m[i][k]) > Math.abs(m[best][k])) best = i;
    [m[k], m[best], x[k], x[best]] = [m[best], m[k], x[best], x[k]];
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = m[i][k] / m[k][k];
      m[i] = m[i].map((v, j) => v - factor * m[k][j]);
      x[i] = x[i].map((v, j) => v - factor * x[k][j]);
    }
  }
  return x.map((row, i) => row.map((v) => v / m[i][i]));
}

const fromLower = (a: Matrix): Matrix =>
  a.map((row, i) => row.map((_, j) => (j <= i ? a[i][j] : a[j][i])));

function cholesky(a: Matrix): Matrix {
  const l = a.map((row) => row.map(() => 0));
  a.forEach((_, i) => {
    for (let j = 0; j <= i; j++) {
      const rest = a[i][j] - l[i].reduce((s, v, k) => (k < j ? s + v * l[j][k] : s), 0); // prettier-ignore
      l[i][j] = i === j ? Math.sqrt(rest) : rest / l[j][j];
    }
  });
  return l;
}

function lu(a: Matrix): [packed: Matrix, pivots: number[], order: number[]] {
  const m = a.map((row) => [...row]);
  const order = m.map((_, i) => i);
  const pivots: number[] = [];
  for (let k = 0; k < Math.min(m.length, m[0].length); k++) {
    let best = k;
    for (let i = k; i < m.length; i++)
      if (Math.abs(m[i][k]) > Math.abs(m[best][k])) best = i;
    pivots.push(best);
    [m[k], m[best], order[k], order[best]] = [m[best], m[k], order[best], order[k]]; // prettier-ignore
    for (let i = k + 1; i < m.length; i++) {
      m[i][k] /= m[k][k];
      for (let j = k + 1; j < m[0].length; j++) m[i][j] -= m[i][k] * m[k][j];
    }
  }
  return [m, pivots, order];
}

/** Reflections as whole matrices. */
function qr(a: Matrix, full: boolean): [q: Matrix, r: Matrix] {
  const [m, n] = [a.length, a[0].length];
  let [q, r] = [eye(m), a];
  for (let k = 0; k < Math.min(m - 1, n); k++) {
    const v = r.map((row, i) => (i < k ? 0 : row[k]));
    v[k] += (v[k] < 0 ? -1 : 1) * Math.hypot(...v);
    const square = v.reduce((s, x) => s + x * x, 0);
    const h = make(m, m, (i, j) => Number(i === j) - (2 * v[i] * v[j]) / square); // prettier-ignore
    [q, r] = [times(q, h), times(h, r)];
  }
  const k = full ? m : Math.min(m, n);
  return [
    q.map((row) => row.slice(0, k)),
    r.slice(0, k).map((row, i) => row.map((v, j) => (j < i ? 0 : v))),
  ];
}

const upright = (v: number[]): number[] => {
  const top = Math.max(...v.map(Math.abs));
  const lead = v.find((x) => Math.abs(x) >= 0.999 * top) as number;
  return v.map((x) => (lead < 0 ? -x : x));
};

/** One rotation after another, as whole matrices; eigenpairs ascending. */
function eigenpairs(a: Matrix): { value: number; vector: number[] }[] {
  const n = a.length;
  let [d, v] = [a, eye(n)];
  for (let sweep = 0; sweep < 12; sweep++)
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const angle = Math.atan2(2 * d[p][q], d[q][q] - d[p][p]) / 2;
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        const turn = eye(n);
        [turn[p][p], turn[p][q], turn[q][p], turn[q][q]] = [c, s, -s, c];
        d = times(flip(turn), times(d, turn));
        v = times(v, turn);
      }
  return d
    .map((row, i) => ({
      value: row[i],
      vector: upright(v.map((line) => line[i])),
    }))
    .sort((x, y) => x.value - y.value);
}

function svd(a: Matrix): [u: Matrix, s: number[], vt: Matrix] {
  if (a.length < a[0].length) {
    const [v, s, ut] = svd(flip(a));
    return [flip(ut), s, flip(v)];
  }
  const pairs = eigenpairs(times(flip(a), a)).reverse();
  const s = pairs.map(({ value }) => Math.sqrt(value));
  const raw = pairs.map(({ vector }, k) =>
    a.map((row) => row.reduce((t, x, j) => t + x * vector[j], 0) / s[k]),
  );
  const ut = raw.map(upright);
  const vt = pairs.map(({ vector }, k) => vector.map((x) => (ut[k].some((y, i) => y * raw[k][i] < 0) ? -x : x))); // prettier-ignore
  return [flip(ut), s, vt];
}

const cases = (
  shapes: readonly (readonly number[])[],
  want: (args: readonly Nd[]) => readonly Nd[],
  values: "any" | "dominant" = "any",
  params: object = {},
): Case[] =>
  shapes.map((shape) => ({ args: [{ shape, values }], params, want }));

/** A stack without elements: the factors are empty too. */
const empty =
  (...results: (readonly number[])[]) =>
  () =>
    results.map((shape) => ({ shape, data: [] }));

const solveCase = (
  a: readonly number[],
  b: readonly number[],
  params: object,
  solve: (a: Matrix, b: Matrix) => Matrix,
): Case => ({
  args: [{ shape: a, values: "dominant" }, { shape: b }],
  params,
  want: sizeOf(b) === 0 ? empty(b) : perMatrix((x, y) => [solve(x, y)]),
});

const triangularCase = (
  a: readonly number[],
  b: readonly number[],
  [leftSide, lower, transposeA, unitDiagonal]: readonly boolean[],
): Case =>
  solveCase(a, b, { leftSide, lower, transposeA, unitDiagonal }, (x, y) => {
    const read = x.map(
      (row, i) =>
      row.map((v, j) => (i === j ? (unitDiagonal ? 1 : v) : j < i === lower ? v : 0)), // prettier-ignore
    );
    const op = transposeA ? flip(read) : read;
    return leftSide ? gauss(op, y) : flip(gauss(flip(op), flip(y)));
  });

const squareOnly = [
  { types: ["f32[2,3]"], params: {}, names: ["f32[2,3]", "square"] },
  { types: ["i32[2,2]"], params: {}, names: ["i32[2,2]", "float"] },
  { types: ["f32[2]"], params: {}, names: ["f32[2]"] },
];
const pairs = [
  { types: ["f32[2,3]", "f32[2,1]"], names: ["f32[2,3]", "square"] },
  { types: ["f32[2,2]", "f64[2,1]"], names: ["f32[2,2]", "f64[2,1]"] },
  { types: ["f32[2,2]", "f32[3,1]"], names: ["f32[2,2]", "f32[3,1]"] },
  { types: ["f32[4,2,2]", "f32[3,2,1]"], names: ["f32[4,2,2]", "f32[3,2,1]"] },
];

export const rows: Readonly<Record<string, Row>> = {
  cholesky: {
    diff: "smooth",
    dtypes: floats,
    cases: [
      ...cases([[3, 3], [1, 1], [2, 2, 2]], perMatrix((a) => [cholesky(a)]), "dominant"), // prettier-ignore
      ...cases([[0, 0]], empty([0, 0])),
      ...cases([[0, 2, 2]], empty([0, 2, 2])),
    ],
    refuses: squareOnly,
  },
  triangularSolve: {
    diff: { linear: [[1]] },
    dtypes: floats,
    cases: [
      ...[true, false].flatMap((lower) =>
        [true, false].flatMap((transposeA) =>
          [true, false].map(
            (unitDiagonal) =>
            triangularCase([3, 3], [3, 2], [true, lower, transposeA, unitDiagonal]), // prettier-ignore
          ),
        ),
      ),
      triangularCase([3, 3], [2, 3], [false, true, false, false]),
      triangularCase([3, 3], [2, 3], [false, false, false, false]),
      triangularCase([2, 2], [3, 2], [false, true, true, true]),
      triangularCase([2, 2, 2], [2, 2, 1], [true, true, false, false]),
      triangularCase([0, 0], [0, 2], [true, true, false, false]),
      triangularCase([2, 2], [2, 0], [true, true, false, false]),
    ],
    refuses: pairs.map((row) => ({
      ...row,
      params: { leftSide: true, lower: true, transposeA: false, unitDiagonal: false }, // prettier-ignore
    })),
  },
  solve: {
    diff: { linear: [[1]] },
    dtypes: floats,
    cases: [
      ...[true, false].map((transposeA) =>
        solveCase([3, 3], [3, 2], { transposeA, positive: false }, (a, b) =>
          gauss(transposeA ? flip(a) : a, b),
        ),
      ),
      solveCase([3, 3], [3, 1], { transposeA: false, positive: true }, (a, b) =>
        gauss(fromLower(a), b),
      ),
      solveCase([2, 2, 2], [2, 2, 1], { transposeA: false, positive: false }, gauss), // prettier-ignore
      solveCase([0, 0], [0, 2], { transposeA: false, positive: false }, gauss),
    ],
    refuses: pairs.map((row) => ({
      ...row,
      params: { transposeA: false, positive: false },
    })),
  },
  lu: {
    diff: "smooth",
    dtypes: floats,
    cases: [
      ...cases(
        [
          [3, 3],
          [4, 2],
          [2, 3],
          [1, 1],
          [2, 2, 2],
        ],
        perMatrix(lu),
      ),
      ...cases([[0, 0]], empty([0, 0], [0], [0])),
      ...cases([[2, 0]], () => [
        { shape: [2, 0], data: [] },
        { shape: [0], data: [] },
        { shape: [2], data: [0, 1] },
      ]),
    ],
    refuses: squareOnly.slice(1),
  },
  qr: {
    diff: "smooth",
    dtypes: floats,
    cases: [
      ...cases(
        [[3, 3], [4, 2], [2, 3], [1, 1], [3, 1], [2, 3, 2]],
        perMatrix((a) => qr(a, false)),
        "any",
        { fullMatrices: false },
      ), // prettier-ignore
      ...cases([[2, 3]], perMatrix((a) => qr(a, true)), "any", { fullMatrices: true }), // prettier-ignore
      // The derivative refuses this one, and derivatives are tried at float64.
      ...cases([[4, 2]], perMatrix((a) => qr(a, true)), "any", { fullMatrices: true }).map((c) => ({ ...c, dtypes: ["float32" as const] })), // prettier-ignore
      ...cases([[0, 2]], empty([0, 0], [0, 2]), "any", { fullMatrices: false }),
      ...cases([[2, 0]], empty([2, 0], [0, 0]), "any", { fullMatrices: false }),
      ...cases([[2, 0]], () => [nd([2, 2], ([i, j]) => Number(i === j)), { shape: [2, 0], data: [] }], "any", { fullMatrices: true }).map((c) => ({ ...c, dtypes: ["float32" as const] })), // prettier-ignore
    ],
    refuses: squareOnly.slice(1).map((row) => ({
      ...row,
      params: { fullMatrices: false },
    })),
  },
  eigh: {
    diff: "smooth",
    dtypes: floats,
    cases: [
      ...cases(
        [[3, 3], [2, 2], [1, 1], [2, 3, 3]],
        perMatrix((a) => {
          const found = eigenpairs(fromLower(a));
          return [
            found.map(({ value }) => value),
            flip(found.map(({ vector }) => vector)),
          ];
        }),
      ), // prettier-ignore
      ...cases([[0, 0]], empty([0], [0, 0])),
      ...cases([[0, 2, 2]], empty([0, 2], [0, 2, 2])),
    ],
    refuses: squareOnly,
  },
  svd: {
    diff: "smooth",
    dtypes: floats,
    cases: [
      ...cases(
        [[3, 3], [4, 2], [2, 3], [1, 1], [2, 2, 2]],
        perMatrix(svd),
        "dominant",
        { fullMatrices: false, computeUv: true },
      ), // prettier-ignore
      ...cases([[3, 3]], perMatrix(svd), "dominant", { fullMatrices: true, computeUv: true }), // prettier-ignore
      ...cases([[3, 2], [2, 3]], perMatrix((a) => [svd(a)[1]]), "dominant", { fullMatrices: false, computeUv: false }), // prettier-ignore
      ...cases([[0, 2]], empty([0, 0], [0], [0, 2]), "any", { fullMatrices: false, computeUv: true }), // prettier-ignore
    ],
    refuses: squareOnly.slice(1).map((row) => ({
      ...row,
      params: { fullMatrices: false, computeUv: true },
    })),
  },
};
