/** @file Linear algebra as its users see it: identities, awkward matrices, closed forms of derivatives, compiled code. */
import { describe, expect, test } from "vitest";
import {
  array,
  grad,
  hessian,
  jacfwd,
  jacrev,
  jit,
  linalg,
  numpy as np,
  vmap,
  type DType,
  type Nested,
  type Value,
} from "../../src/ad/index.ts";
import { expectClose, random, toNd, toNdAsync, type Nd } from "./naive.cases.ts"; // prettier-ignore

const f64 = (x: Nested) => array(x, { dtype: "float64" });
const uniform = (shape: number[], seed = 1, dtype: DType = "float64") => {
  const next = random(seed);
  const size = shape.reduce((n, k) => n * k, 1);
  return array(Array.from({ length: size }, () => 2 * next() - 1), { shape, dtype }); // prettier-ignore
};
const t = (x: Value) => np.matrixTranspose(x);
const eye = (n: number, dtype: DType = "float64") => np.identity(n, dtype);
const gram = (x: Value) => np.matmul(x, t(x));
const close = (got: Value, want: Value, tolerance = 1e-12) =>
  expectClose(toNd(got), toNd(want), tolerance);
/** u diag(s) v */
const rebuilt = (u: Value, s: Value, v: Value) =>
  np.matmul(np.multiply(u, np.expandDims(s, -2)), v);

const hilbert = (n: number) => f64(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => 1 / (i + j + 1)))); // prettier-ignore
const orthogonal = (n: number) => linalg.qr(uniform([n, n], 7))[0];
const withEigenvalues = (w: number[]) => {
  const q = orthogonal(w.length);
  return rebuilt(q, f64(w), t(q));
};

const symmetric: [name: string, a: Value][] = [
  ["random of even size", np.add(uniform([6, 6]), t(uniform([6, 6])))],
  ["random of odd size", np.add(uniform([7, 7]), t(uniform([7, 7])))],
  ["larger", np.add(uniform([33, 33]), t(uniform([33, 33])))],
  ["one by one", f64([[-3]])],
  ["empty", np.zeros([0, 0], "float64")],
  ["zero", np.zeros([4, 4], "float64")],
  ["identity", eye(5)],
  ["all ones", np.ones([6, 6], "float64")],
  ["with repeated eigenvalues", withEigenvalues([2, 2, 2, -1, -1, 5, 5])],
  ["graded", withEigenvalues([1, 1e-3, 1e-6, 1e-9, 1e-12, 0])],
  ["Hilbert's", hilbert(9)],
  ["huge", np.multiply(hilbert(4), 1e200)],
  ["tiny", np.multiply(hilbert(4), 1e-200)],
  ["a stack", np.add(uniform([2, 3, 4, 4]), t(uniform([2, 3, 4, 4])))],
];

const rectangular: [name: string, a: Value][] = [
  ...symmetric,
  ["tall", uniform([9, 4])],
  ["wide", uniform([4, 9])],
  ["a column", uniform([5, 1])],
  ["a row", uniform([1, 5])],
  ["without columns", np.zeros([3, 0], "float64")],
  ["without rows", np.zeros([0, 3], "float64")],
  ["of low rank", np.matmul(uniform([8, 2]), uniform([2, 6]))],
  ["a stack of tall", uniform([3, 5, 2])],
];

/** Elements compared relative to the largest of the matrix. */
const scaled = (x: Value, by: Value) => {
  const top = by.size ? Math.max(...toNd(np.abs(by)).data) : 1;
  return np.divide(x, top || 1);
};
const unit = (x: Value, tolerance = 1e-12) => {
  const n = x.shape[x.ndim - 1];
  close(np.matmul(t(x), x), np.broadcastTo(eye(n), [...x.shape.slice(0, -2), n, n]), tolerance); // prettier-ignore
};
const isAscending = ({ shape, data }: Nd, sign: 1 | -1) => {
  const n = shape[shape.length - 1];
  return data.every((x, i) => i % n === 0 || sign * (x - data[i - 1]) >= 0);
};

describe("factors multiply to the matrix", () => {
  test.each(symmetric)("eigh, orthonormal and ascending: %s", (_name, a) => {
    const [w, v] = linalg.eigh(a);
    close(scaled(rebuilt(v, w, t(v)), a), scaled(a, a));
    unit(v);
    expect(isAscending(toNd(w), 1)).toBe(true);
    close(linalg.eigvalsh(a), w);
  });

  test.each(rectangular)("svd, orthonormal and descending: %s", (_name, a) => {
    const [u, s, vh] = linalg.svd(a, { fullMatrices: false });
    close(scaled(rebuilt(u, s, vh), a), scaled(a, a));
    unit(u);
    unit(t(vh));
    expect(isAscending(toNd(s), -1)).toBe(true);
    close(linalg.svdvals(a), s);
    const [m, n] = a.shape.slice(-2);
    const [full, , fullVh] = linalg.svd(a);
    expect(full.shape.slice(-2)).toEqual([m, m]);
    expect(fullVh.shape.slice(-2)).toEqual([n, n]);
    unit(full);
    unit(t(fullVh));
  });

  test.each(rectangular)("qr, with R triangular: %s", (_name, a) => {
    for (const mode of ["reduced", "complete"] as const) {
      const [q, r] = linalg.qr(a, { mode });
      close(scaled(np.matmul(q, r), a), scaled(a, a));
      unit(q);
      close(r, np.triu(r), 0);
      close(linalg.qr(a, { mode: "r" }), linalg.qr(a)[1], 0);
    }
  });

  test.each(rectangular)(
    "lu, with multipliers of at most one: %s",
    (_name, a) => {
      const [p, l, u] = linalg.lu(a);
      close(scaled(np.matmul(p, np.matmul(l, u)), a), scaled(a, a));
      close(u, np.triu(u), 0);
      expect(toNd(l).data.every((x) => Math.abs(x) <= 1)).toBe(true);
      const [pl] = linalg.lu(a, { permuteL: true });
      close(pl, np.matmul(p, l), 0);
    },
  );

  test.each([1, 2, 5, 30])("cholesky of %i rows", (n) => {
    const a = np.add(gram(uniform([n, n])), eye(n));
    const l = linalg.cholesky(a);
    close(gram(l), a);
    close(l, np.tril(l), 0);
    close(linalg.cholesky(a, { upper: true }), t(l), 0);
  });

  test("polar, of an orthogonal and a positive semidefinite factor", () => {
    const a = uniform([6, 4]);
    const [u, p] = linalg.polar(a);
    close(np.matmul(u, p), a);
    unit(u);
    close(p, t(p));
    const [v, q] = linalg.polar(a, { side: "left" });
    close(np.matmul(q, v), a);
  });

  test("in float32 too, to its own precision", () => {
    const a = uniform([40, 40], 3, "float32");
    const s = np.add(a, t(a));
    const [w, v] = linalg.eigh(s);
    close(rebuilt(v, w, t(v)), s, 3e-5);
    unit(v, 1e-5);
    const [u, d, vh] = linalg.svd(a);
    close(rebuilt(u, d, vh), a, 1e-5);
    const [q, r] = linalg.qr(a);
    close(np.matmul(q, r), a, 2e-6);
    const l = linalg.cholesky(np.add(gram(a), eye(40, "float32")));
    expect(l.dtype).toBe("float32");
    close(gram(l), np.add(gram(a), eye(40, "float32")), 1e-5);
  });
});

describe("what NumPy gives", () => {
  // The numbers below are numpy.linalg's.
  const a = f64([[2, -1, 0.5], [1, 3, -2], [0, 1, 4]]); // prettier-ignore

  test("qr has LAPACK's signs", () => {
    const [q, r] = linalg.qr(a);
    close(q, f64([[-0.89442719, 0.42600643, 0.13608276], [-0.4472136, -0.85201287, -0.27216553], [0, -0.30429031, 0.95257934]]), 5e-9); // prettier-ignore
    close(r, f64([[-2.23606798, -0.4472136, 0.4472136], [0, -3.28633535, 0.69986771], [0, 0, 4.42268981]]), 5e-9); // prettier-ignore
  });

  test("singular values and eigenvalues are its own", () => {
    close(linalg.svdvals(a), f64([4.57985651, 3.23437417, 2.19402327]), 5e-9);
    close(linalg.eigvalsh(a), f64([1.96514751, 2.80376649, 4.231086]), 5e-9);
  });

  test("lu exchanges the rows LAPACK does", () => {
    const x = f64([[1, 2, 3], [4, 5, 6], [7, 8, 10], [-7, 1, 1]]); // prettier-ignore
    const [packed, pivots] = linalg.luFactor(x);
    expect(toNd(pivots).data).toEqual([2, 3, 2]);
    close(packed, f64([[7, 8, 10], [-1, 9, 11], [1 / 7, 2 / 21, 11 / 21], [4 / 7, 1 / 21, -5 / 11]])); // prettier-ignore
  });

  test("a diagonal matrix has its own elements as eigenvalues and singular values, exactly", () => {
    const d = np.diag(f64([3, -49, 0.1, 7]));
    expect(toNd(linalg.eigvalsh(d)).data).toEqual([-49, 0.1, 3, 7]);
    expect(toNd(linalg.svdvals(d)).data).toEqual([49, 7, 3, 0.1]);
  });

  test("integers become float32", () => {
    const x = array([[2, 1], [1, 2]], { dtype: "int32" }); // prettier-ignore
    expect(linalg.inv(x).dtype).toBe("float32");
    expect(linalg.eigvalsh(x).dtype).toBe("float32");
    expect(linalg.solve(x, array([1, 2], { dtype: "int32" })).dtype).toBe("float32"); // prettier-ignore
  });

  test("cholesky is NaN in its lower triangle where the matrix is not positive definite, and there only", () => {
    const stack = f64([[[1, 2], [2, 1]], [[4, 0], [0, 9]], [[0, 0], [0, 1]]]); // prettier-ignore
    expect(toNd(linalg.cholesky(stack)).data).toEqual([NaN, 0, NaN, NaN, 2, 0, 0, 3, NaN, 0, NaN, NaN]); // prettier-ignore
  });

  test("NaN and infinities spoil the factors of their own matrix only", () => {
    const stack = np.stack([f64([[NaN, 1], [1, 2]]), f64([[2, 1], [1, 2]]), f64([[Infinity, 1], [1, 2]])]); // prettier-ignore
    for (const out of [...linalg.eigh(stack), ...linalg.svd(stack)]) {
      const { data } = toNd(out);
      const size = data.length / 3;
      expect(data.map(Number.isNaN)).toEqual(
        data.map((_, i) => i < size || i >= 2 * size),
      );
    }
  });

  test("small singular values of columns of unlike size keep their digits", () => {
    const q = linalg.qr(uniform([6, 4], 5))[0];
    const sizes = f64([1, 1e-5, 1e-10, 1e-15]);
    const s = toNd(linalg.svdvals(np.multiply(q, sizes))).data;
    [1, 1e-5, 1e-10, 1e-15].forEach((want, i) =>
      expect(Math.abs(s[i] / want - 1)).toBeLessThan(1e-12),
    );
  });
});

describe("systems", () => {
  const a = np.add(uniform([4, 4], 2), np.multiply(eye(4), 3));
  const spd = np.add(gram(a), eye(4));
  const sides: [string, Value][] = [
    ["a vector", uniform([4], 3)],
    ["a matrix", uniform([4, 3], 3)],
    ["a stack", uniform([2, 4, 3], 3)],
    ["no columns", np.zeros([4, 0], "float64")],
  ];

  test.each(sides)("solve: %s", (_name, b) => {
    close(np.matmul(a, linalg.solve(a, b)), b);
    close(np.matmul(spd, linalg.solve(spd, b, { assumeA: "pos" })), b);
    close(linalg.solve(np.tril(spd), b, { assumeA: "pos", lower: true }), linalg.solve(spd, b)); // prettier-ignore
  });

  test.each(sides)("factors kept for later: %s", (_name, b) => {
    const lu = linalg.luFactor(a);
    close(linalg.luSolve(lu, b), linalg.solve(a, b));
    for (const trans of [1, 2, "T"] as const)
      close(linalg.luSolve(lu, b, { trans }), linalg.solve(t(a), b));
    for (const lower of [true, false])
      close(linalg.choSolve(linalg.choFactor(spd, { lower }), b), linalg.solve(spd, b)); // prettier-ignore
  });

  test.each(sides)("triangles: %s", (_name, b) => {
    for (const lower of [true, false])
      for (const trans of [0, 1] as const)
        for (const unitDiagonal of [true, false]) {
          const read = lower ? np.tril(a, -1) : np.triu(a, 1);
          const m = np.add(read, unitDiagonal ? eye(4) : np.multiply(eye(4), a)); // prettier-ignore
          const x = linalg.solveTriangular(a, b, { lower, trans, unitDiagonal }); // prettier-ignore
          close(np.matmul(trans ? t(m) : m, x), b);
        }
  });

  test("triangularSolve multiplies from the right by default, as lax does", () => {
    const b = uniform([3, 4]);
    close(np.matmul(linalg.triangularSolve(a, b), np.triu(a)), b);
    close(np.matmul(np.tril(a), linalg.triangularSolve(a, t(b), { leftSide: true, lower: true })), t(b)); // prettier-ignore
  });

  test("stacks of matrices broadcast against stacks of right-hand sides", () => {
    const many = np.add(uniform([3, 1, 4, 4]), np.multiply(eye(4), 4));
    const b = uniform([2, 4, 5]);
    const x = linalg.solve(many, b);
    expect(x.shape).toEqual([3, 2, 4, 5]);
    close(np.matmul(many, x), np.broadcastTo(b, [3, 2, 4, 5]));
  });

  test.each(rectangular)(
    "the pseudo-inverse has Penrose's four properties: %s",
    (name, x) => {
      if (["graded", "Hilbert's", "a stack"].includes(name)) return;
      const p = linalg.pinv(x);
      const [xp, px] = [np.matmul(x, p), np.matmul(p, x)];
      close(scaled(np.matmul(xp, x), x), scaled(x, x), 1e-11);
      close(scaled(np.matmul(px, p), p), scaled(p, p), 1e-11);
      close(xp, t(xp), 1e-11);
      close(px, t(px), 1e-11);
    },
  );

  test("least squares leave a residual at right angles to the columns, and find the shortest of many solutions", () => {
    const [tall, b] = [uniform([8, 3]), uniform([8, 2], 4)];
    const [x, residuals, rank, s] = linalg.lstsq(tall, b);
    const off = np.subtract(np.matmul(tall, x), b);
    close(np.matmul(t(tall), off), np.zeros([3, 2], "float64"));
    close(residuals, np.sum(np.multiply(off, off), { axis: 0 }));
    expect(rank.item()).toBe(3);
    close(s, linalg.svdvals(tall));
    const [y] = linalg.lstsq(t(tall), f64([1, 2, 3]));
    close(np.matmul(t(tall), y), f64([1, 2, 3]));
    close(y, np.matmul(linalg.pinv(t(tall)), f64([1, 2, 3])));
  });
});

describe("numbers told of a matrix", () => {
  test.each([0, 1, 2, 3, 4, 7])("det of %i rows agrees with slogdet", (n) => {
    const a = uniform([2, n, n], 9);
    const [sign, log] = linalg.slogdet(a);
    close(linalg.det(a), np.multiply(sign, np.exp(log)));
  });

  test("det is exact for whole numbers, and 0 for singular matrices", () => {
    expect(linalg.det(f64([[6, 1, 1, 3], [4, -2, 5, 1], [2, 8, 7, 6], [3, 1, 9, 7]])).item()).toBeCloseTo(-1309, 9); // prettier-ignore
    const [sign, log] = linalg.slogdet(np.ones([4, 4], "float64"));
    expect([sign.item(), log.item()]).toEqual([0, -Infinity]);
  });

  const x = f64([[3, 4, 0], [0, 0, -12]]); // prettier-ignore
  test.each([
    [{}, 13],
    [{ ord: "fro" }, 13],
    [{ ord: 1 }, 12],
    [{ ord: -1 }, 3],
    [{ ord: Infinity }, 12],
    [{ ord: -Infinity }, 7],
    [{ ord: 2 }, 12],
    [{ ord: -2 }, 5],
    [{ ord: "nuc" }, 17],
    [{ axis: 1 }, [5, 12]],
    [{ axis: 1, ord: 1 }, [7, 12]],
    [{ axis: 1, ord: 0 }, [2, 1]],
    [{ axis: 1, ord: Infinity }, [4, 12]],
    [{ axis: 1, ord: -Infinity }, [0, 0]],
    [{ axis: 0, keepdims: true }, [[3, 4, 12]]],
    [{ axis: 1, ord: 3 }, [91 ** (1 / 3), 12]],
  ] as const)("norm %j is %j", (options, want) => {
    close(linalg.norm(x, options), f64(want), 1e-13);
  });

  test("matrix norms take any two axes, in either order", () => {
    const y = uniform([2, 3, 4]);
    for (const ord of [
      "fro",
      "nuc",
      1,
      -1,
      2,
      -2,
      Infinity,
      -Infinity,
    ] as const) {
      const want = linalg.matrixNorm(y, { ord });
      close(linalg.norm(np.moveaxis(y, 0, 1), { ord, axis: [0, 2] }), want);
      close(linalg.norm(t(y), { ord, axis: [2, 1] }), want);
      expect(linalg.norm(y, { ord, axis: [0, -1], keepdims: true }).shape).toEqual([1, 3, 1]); // prettier-ignore
    }
    expect(linalg.vectorNorm(y).item()).toBeCloseTo(linalg.norm(y).item(), 14);
  });

  test("cond and matrixRank tell singular matrices from others", () => {
    expect(linalg.cond(np.diag(f64([4, 2, -0.5]))).item()).toBe(8);
    expect(linalg.cond(np.diag(f64([4, 2, -0.5])), { p: 1 }).item()).toBe(8);
    expect(linalg.cond(np.zeros([2, 2], "float64")).item()).toBe(Infinity);
    expect(toNd(linalg.matrixRank(np.stack([eye(3), np.ones([3, 3], "float64"), np.zeros([3, 3], "float64")]))).data).toEqual([3, 1, 0]); // prettier-ignore
  });
});

describe("functions of matrices", () => {
  test("matrixPower is repeated multiplication, of the inverse below zero", () => {
    const a = uniform([2, 3, 3]);
    const cube = np.matmul(a, np.matmul(a, a));
    close(linalg.matrixPower(a, 3), cube);
    close(np.matmul(linalg.matrixPower(a, -3), cube), linalg.matrixPower(a, 0), 1e-9); // prettier-ignore
  });

  test("multiDot multiplies in any order to the same product", () => {
    const xs = [uniform([2, 9]), uniform([9, 3], 2), uniform([3, 8], 3), uniform([8], 4)]; // prettier-ignore
    const [a, b, c, d] = xs;
    close(linalg.multiDot(xs), np.matmul(a, np.matmul(b, np.matmul(c, d))));
  });

  test.each([0.1, 1, 10, 100])("expm turns by %d radians", (angle) => {
    const turned = linalg.expm(f64([[0, -angle], [angle, 0]])); // prettier-ignore
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    close(turned, f64([[c, -s], [s, c]]), 1e-12); // prettier-ignore
  });

  test("expm of symmetric matrices is exp of the eigenvalues, in stacks and in float32", () => {
    const a = np.add(uniform([2, 5, 5]), t(uniform([2, 5, 5])));
    const [w, v] = linalg.eigh(a);
    close(linalg.expm(a), rebuilt(v, np.exp(w), t(v)));
    close(linalg.expm(np.astype(a, "float32")), np.astype(linalg.expm(a), "float32"), 1e-5); // prettier-ignore
    expect(Number.isNaN(toNd(linalg.expm(np.multiply(eye(2), 1e9))).data[0])).toBe(true); // prettier-ignore
  });

  test("blockDiag and toeplitz place their parts", () => {
    expect(linalg.blockDiag(f64([[1, 2]]), 3, f64([4, 5])).tolist()).toEqual([[1, 2, 0, 0, 0], [0, 0, 3, 0, 0], [0, 0, 0, 4, 5]]); // prettier-ignore
    expect(linalg.toeplitz(f64([1, 2, 3]), f64([9, 5, 6, 7])).tolist()).toEqual([[1, 5, 6, 7], [2, 1, 5, 6], [3, 2, 1, 5]]); // prettier-ignore
    expect(linalg.toeplitz(f64([1, 2])).tolist()).toEqual([[1, 2], [2, 1]]); // prettier-ignore
  });
});

describe("derivatives", () => {
  const a = np.add(uniform([4, 4], 6), np.multiply(eye(4), 2));
  const spd = np.add(gram(a), eye(4));
  const logdet = (x: Value) => linalg.slogdet(x)[1];

  test("d log det is the inverse transposed, whichever factors it is taken from", () => {
    close(grad(logdet)(a), t(linalg.inv(a)));
    const byCholesky = (x: Value) =>
      np.multiply(2, np.sum(np.log(linalg.diagonal(linalg.cholesky(x)))));
    const byEigenvalues = (x: Value) => np.sum(np.log(linalg.eigvalsh(x)));
    const bySingularValues = (x: Value) => np.sum(np.log(linalg.svdvals(x)));
    for (const f of [byCholesky, byEigenvalues, bySingularValues])
      close(grad(f)(spd), linalg.inv(spd));
  });

  test("the second derivative of log det is minus the product of inverses", () => {
    const inv = toNd(linalg.inv(a)).data;
    const want = (i: number) => {
      const [p, q, r, s] = [i >> 6, (i >> 4) & 3, (i >> 2) & 3, i & 3];
      return -inv[q * 4 + r] * inv[s * 4 + p];
    };
    expectClose(
      toNd(hessian(logdet)(a)),
      { shape: [4, 4, 4, 4], data: Array.from({ length: 256 }, (_, i) => want(i)) }, // prettier-ignore
      1e-12,
    );
  });

  test("the gradient of det is the cofactors, at any rank", () => {
    close(grad((x: Value) => linalg.det(x))(a), np.multiply(linalg.det(a), t(linalg.inv(a)))); // prettier-ignore
    // Rank three, with a zero pivot before the last column.
    const singular = f64([[1, 2, 3, 4], [2, 4, 6, 8.5], [0, 1, 1, 1], [3, 7, 10, 13.5]]); // prettier-ignore
    close(grad((x: Value) => linalg.det(x))(singular), f64([[0.5, 0.5, -0.5, 0], [0.5, 0.5, -0.5, 0], [0.5, 0.5, -0.5, 0], [-0.5, -0.5, 0.5, 0]])); // prettier-ignore
    close(grad((x: Value) => linalg.det(x))(np.ones([4, 4], "float64")), np.zeros([4, 4], "float64")); // prettier-ignore
    close(hessian((x: Value) => linalg.det(x))(eye(4)), hessian((x: Value) => np.multiply(linalg.slogdet(x)[0], np.exp(logdet(x))))(eye(4))); // prettier-ignore
  });

  test("cholesky of a symmetric matrix has a symmetric gradient", () => {
    const g = grad((x: Value) => np.sum(linalg.cholesky(x)))(spd);
    close(g, t(g), 0);
  });

  test("eigenvalues are differentiable where they repeat, eigenvectors are not", () => {
    const sum = (x: Value) => np.sum(linalg.eigvalsh(x));
    close(grad(sum)(eye(3)), eye(3));
    const vectors = (x: Value) => np.sum(linalg.eigh(x)[1]);
    expect(toNd(grad(vectors)(eye(3))).data.some(Number.isNaN)).toBe(true);
  });

  test("the 2-norm has no gradient at zero, and the direction elsewhere", () => {
    const norm = (x: Value) => linalg.norm(x);
    expect(toNd(grad(norm)(f64([0, 0]))).data).toEqual([NaN, NaN]);
    close(grad(norm)(f64([3, 4])), f64([0.6, 0.8]));
  });

  const functions: [string, (x: Value) => Value][] = [
    ["cholesky", (x) => linalg.cholesky(gram(x))],
    ["solve", (x) => linalg.solve(x, f64([1, 2, 3]))],
    ["inv", linalg.inv],
    ["pinv", (x) => linalg.pinv(np.matmul(x, f64([[1, 0], [2, 1], [0, 3]])))], // prettier-ignore
    ["lstsq", (x) => linalg.lstsq(np.concatenate([x, x]), f64([1, 2, 3, 4, 5, 6]))[0]], // prettier-ignore
    [
      "det of a larger matrix",
      (x) => np.multiply(linalg.det(linalg.blockDiag(x, x)), 0.01),
    ],
    ["lu", (x) => np.add(...(linalg.lu(x).slice(1) as [Value, Value]))],
    ["qr", (x) => np.add(...linalg.qr(x))],
    ["eigh", (x) => rebuilt(...(([w, v]) => [v, np.exp(w), t(v)] as const)(linalg.eigh(x)))], // prettier-ignore
    ["svd", (x) => rebuilt(...(([u, s, v]) => [u, np.sqrt(s), v] as const)(linalg.svd(x)))], // prettier-ignore
    ["luSolve", (x) => linalg.luSolve(linalg.luFactor(x), f64([1, 2, 3]), { trans: 1 })], // prettier-ignore
    ["choSolve", (x) => linalg.choSolve(linalg.choFactor(gram(x)), f64([1, 2, 3]))], // prettier-ignore
    ["expm", (x) => linalg.expm(x)],
    ["matrixPower", (x) => linalg.matrixPower(x, -2)],
    ["nuclear norm", (x) => linalg.norm(x, { ord: "nuc" })],
    ["cond", (x) => linalg.cond(x)],
    ["polar", (x) => linalg.polar(x)[0]],
    ["toeplitz", (x) => linalg.toeplitz(linalg.diagonal(x), np.sum(x, { axis: 0 }))], // prettier-ignore
  ];
  const point = f64([[2, 0.3, -0.4], [0.7, -3, 0.2], [0.1, 0.5, 1]]); // prettier-ignore

  test.each(functions)(
    "%s: forwards, backwards, mapped, compiled and by differences, the same",
    async (_name, f) => {
      const scalar = (x: Value) => np.sum(np.sin(f(x)));
      const gradient = grad(scalar);
      const got = gradient(point);
      close(jacfwd(scalar)(point), got, 1e-10);
      const { data } = toNd(point);
      const h = 1e-5;
      const differences = data.map((_, i) => {
        const moved = (by: number) =>
          scalar(array(data.map((x, j) => (i === j ? x + by : x)), { shape: [3, 3], dtype: "float64" })).item(); // prettier-ignore
        return (moved(h) - moved(-h)) / (2 * h);
      });
      close(got, np.reshape(f64(differences), [3, 3]), 1e-7);
      const batch = np.stack([point, np.multiply(point, 1.5)]);
      close(vmap(gradient)(batch), np.stack([got, gradient(np.multiply(point, 1.5))]), 1e-10); // prettier-ignore
      const second = (x: Value) => np.sum(np.multiply(gradient(x), got));
      close(jacfwd(second)(point), jacrev(second)(point), 1e-9);
      const compiled = jit(gradient, { threads: 1 });
      expectClose(await toNdAsync(compiled(point)), toNd(got), 1e-9);
      await compiled.dispose();
    },
  );
});

describe("errors name who, what was expected and what was given", () => {
  test.each([
    [() => linalg.cholesky(uniform([2, 3])), ["cholesky", "square", "[2,3]"]],
    [() => linalg.inv(uniform([3])), ["inv", "two axes", "[3]"]],
    [() => linalg.solve(eye(3), uniform([4])), ["solve", "[3,3]", "[4]"]],
    [() => linalg.solve(np.zeros([2, 3, 3]), np.zeros([4, 3, 1])), ["solve", "[2]", "[4]"]], // prettier-ignore
    [() => linalg.norm(eye(2), { ord: 3 }), ["norm", "fro", "3"]],
    [() => linalg.norm(np.zeros([2, 2, 2]), { ord: 2 }), ["norm", "axis", "3"]],
    [() => linalg.norm(np.zeros([3]), { ord: "fro" }), ["norm", "fro"]],
    [() => linalg.lstsq(eye(3), uniform([2])), ["lstsq", "[3,3]", "[2]"]],
    [() => linalg.matrixPower(eye(2), 0.5), ["matrixPower", "0.5"]],
    [() => linalg.multiDot([eye(2)]), ["multiDot", "1"]],
    [() => grad((x: Value) => np.sum(linalg.svd(x)[0]))(uniform([3, 2])), ["svd", "fullMatrices", "3"]], // prettier-ignore
    [() => grad((x: Value) => np.sum(linalg.qr(x, { mode: "complete" })[0]))(uniform([3, 2])), ["qr", "complete", "3"]], // prettier-ignore
  ] as const)("%s", (f, words) => {
    expect(f).toThrow();
    try {
      f();
    } catch (error) {
      for (const word of words)
        expect((error as Error).message).toContain(word);
    }
  });
});
