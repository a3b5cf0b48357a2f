/** @file Rows of special functions; their references are integrals, by quadrature. */
import type { Values } from "../naive.cases.ts";
import { each, floats, shapes, type Case, type Row } from "./row.cases.ts";

type Range = readonly [low: number, high: number];

/** The integral of f from a to b by the tanh-sinh rule, which endpoints may be singular for. */
function area(f: (t: number) => number, a: number, b: number): number {
  const h = 1 / 32;
  let sum = 0;
  for (let k = -160; k <= 160; k++) {
    const s = Math.exp(-Math.PI * Math.abs(Math.sinh(k * h)));
    const gap = (s / (1 + s)) * (b - a); // from the nearer end
    const weight = (Math.PI * Math.cosh(k * h) * s) / (1 + s) ** 2;
    if (gap !== 0) sum += weight * f(k < 0 ? a + gap : b - gap);
  }
  return sum * h * (b - a);
}

/** The integral of f over 0..infinity with t = e^u by equal steps of u, exact where f falls fast on both sides. */
function overLogs(f: (t: number, u: number) => number): number {
  const h = 1 / 32;
  let sum = 0;
  for (let u = -200; u <= 6; u += h) sum += f(Math.exp(u), u) * Math.exp(u);
  return sum * h;
}

const gamma = (x: number) => overLogs((t) => t ** (x - 1) * Math.exp(-t));
const digamma = (x: number) =>
  overLogs((t, u) => u * t ** (x - 1) * Math.exp(-t)) / gamma(x);
const zeta = (s: number, q: number) =>
  overLogs((t) => (t ** (s - 1) * Math.exp(-q * t)) / -Math.expm1(-t)) /
  gamma(s);
const beta = (a: number, b: number) => (gamma(a) * gamma(b)) / gamma(a + b);
const gammaDensity = (a: number, x: number) =>
  (x ** (a - 1) * Math.exp(-x)) / gamma(a);
const gammainc = (a: number, x: number) =>
  area((t) => t ** (a - 1) * Math.exp(-t), 0, x) / gamma(a);
const betaDensity = (a: number, b: number, x: number) =>
  (x ** (a - 1) * (1 - x) ** (b - 1)) / beta(a, b);
const betainc = (a: number, b: number, x: number) =>
  area((t) => t ** (a - 1) * (1 - t) ** (b - 1), 0, x) / beta(a, b);
const bell = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const ndtr = (x: number) => 0.5 + area(bell, 0, x);
const bessel = (order: number) => (x: number) =>
  area(
    (t) =>
      (Math.exp(x * Math.cos(t) - Math.abs(x)) * Math.cos(order * t)) / Math.PI,
    0,
    Math.PI,
  );
const expi = (x: number) =>
  0.5772156649015329 +
  Math.log(Math.abs(x)) +
  area((t) => Math.expm1(t) / t, 0, x);
const expn = (n: number, x: number) =>
  area((v) => Math.exp(-x / v) * v ** (n - 2), 0, 1);
const spence = (x: number) => area((t) => -Math.log1p(t) / t, 0, x - 1);

/** x with f(x) = y, of a rising f, by halving. */
function solve(f: (x: number) => number, y: number): number {
  let [low, high] = [-6, 6];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (f(middle) < y) low = middle;
    else high = middle;
  }
  return low;
}

/** One case a shape in the first ranges (one an operand), and one more for each further list of ranges. */
function row(
  f: (...xs: number[]) => number,
  ranges: readonly (readonly Range[])[],
  params?: object,
): Row {
  const arity = ranges[0].length;
  const values = ranges.map((list) =>
    list.map(([low, high]): Values => ({ low, high })),
  );
  const one = (shape: readonly number[], list: readonly Values[]): Case => ({
    args: list.map((v) => ({ shape, values: v })),
    want: each(f),
    ...(params ? { params } : {}),
  });
  const symbolic = { symbolic: list(arity, "n, _") };
  return {
    diff: "smooth",
    dtypes: floats,
    cases: [
      ...shapes.map((shape) => ({
        ...one(shape, values[0]),
        ...(shape.length === 2 ? symbolic : {}),
      })),
      ...values.slice(1).map((v) => one([4], v)),
    ],
    refuses: [
      {
        types: list(arity, "i32[2]"),
        ...(params ? { params } : {}),
        names: ["float", "i32[2]"],
      },
      ...(arity > 1
        ? [
            {
              types: ["f32[2]", "f64[2]", "f32[2]"].slice(0, arity),
              ...(params ? { params } : {}),
              names: ["f32[2]", "f64[2]"],
            },
          ]
        : []),
    ],
  };
}

const list = (n: number, text: string): string[] =>
  Array.from({ length: n }, () => text);

const middle: Range = [0.6, 2.9];

export const rows: Readonly<Record<string, Row>> = {
  polynomial: {
    ...row((x) => 2 - 3 * x + 0.5 * x * x * x, [[[-2, 2]]], {
      coefs: [2, -3, 0, 0.5],
    }),
    refuses: [
      { types: ["i32[2]"], params: { coefs: [1] }, names: ["float", "i32[2]"] },
      { types: ["f32[2]"], params: { coefs: [] }, names: ["coefficients"] },
    ],
  },
  lgamma: row(
    (x) =>
      x > 0
        ? Math.log(gamma(x))
        : Math.log(Math.abs(gamma(x + 2) / x / (x + 1))),
    [[[0.2, 4]], [[8, 12]], [[-0.8, -0.2]], [[-1.8, -1.2]]],
  ),
  digamma: row(
    (x) => (x > 0 ? digamma(x) : digamma(x + 2) - 1 / x - 1 / (x + 1)),
    [[[0.5, 4]], [[8, 12]], [[-0.7, -0.3]], [[-1.7, -1.3]]],
  ),
  zeta: row(
    zeta,
    [
      [
        [2, 4],
        [0.8, 3],
      ],
      [
        [5, 8],
        [2, 20],
      ],
    ],
    { orders: [0, 0] },
  ),
  logBeta: row(
    (a, b) => Math.log(beta(a, b)),
    [
      [middle, middle],
      [
        [11, 14],
        [0.6, 3],
      ],
      [
        [11, 14],
        [15, 20],
      ],
    ],
  ),
  gammaDensity: row(gammaDensity, [
    [middle, middle],
    [
      [12, 15],
      [8, 20],
    ],
  ]),
  gammainc: row(
    gammainc,
    [
      [middle, middle],
      [
        [22, 26],
        [19, 30],
      ],
      [
        [4, 8],
        [2.2, 3],
      ],
      [
        [0.6, 0.9],
        [0.3, 1.5],
      ],
    ],
    { orders: [0, 0] },
  ),
  gammaincc: row(
    (a, x) => 1 - gammainc(a, x),
    [
      [middle, middle],
      [
        [22, 26],
        [19, 30],
      ],
      [
        [0.3, 0.9],
        [0.3, 1.5],
      ],
    ],
    { orders: [0, 0] },
  ),
  betaDensity: row(betaDensity, [
    [middle, middle, [0.2, 0.8]],
    [
      [11, 13],
      [11, 13],
      [0.3, 0.7],
    ],
  ]),
  betainc: row(
    betainc,
    [
      [middle, middle, [0.2, 0.8]],
      [
        [11, 14],
        [11, 14],
        [0.4, 0.6],
      ],
    ],
    { orders: [0, 0, 0] },
  ),
  ndtri: row((p) => solve(ndtr, p), [[[0.1, 0.9]], [[0.01, 0.05]]]),
  erfInv: row(
    (y) => solve((x) => 2 * ndtr(x * Math.SQRT2) - 1, y),
    [[[-0.9, 0.9]]],
  ),
  logNdtr: row((x) => Math.log(ndtr(x)), [[[-2, 2]]]),
  normalHazard: row((x) => bell(x) / ndtr(x), [[[-2, 2]]]),
  i0e: row(bessel(0), [[[0.3, 3]], [[-3, -0.3]], [[18, 22]]]),
  i1e: row(bessel(1), [[[0.3, 3]], [[-3, -0.3]], [[18, 22]]]),
  expi: row(expi, [[[0.5, 3]], [[-1.8, -0.3]], [[-4, -2.2]], [[3, 6]]]),
  expn: {
    ...row(expn, [
      [
        [0, 5],
        [0.4, 3],
      ],
    ]),
    cases: shapes.map((shape) => ({
      args: [
        { shape, dtype: "int32", values: { low: 0, high: 5 } },
        { shape, values: { low: 0.4, high: 3 } },
      ],
      want: each(expn),
    })),
    refuses: [
      { types: ["f32[2]", "f32[2]"], names: ["int32", "f32[2]"] },
      { types: ["i32[3]", "f32[2]"], names: ["i32[3]", "f32[2]"] },
    ],
  },
  spence: row(spence, [[[0.1, 0.9]], [[1.1, 1.9]], [[2.1, 5]]]),
  xlogy: row((x, y) => x * Math.log(y), [[[-2, 2], middle]]),
  xlog1py: row((x, y) => x * Math.log(1 + y), [[[-2, 2], middle]]),
  entr: row((x) => -x * Math.log(x), [[middle]]),
};
