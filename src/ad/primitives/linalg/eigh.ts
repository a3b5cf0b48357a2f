/** @file `eigh`: eigenvalues and eigenvectors of symmetric matrices by Jacobi's rotations. */
import { composed } from "../../lowering/compose.ts";
import { definePrimitive } from "../../primitive.ts";
import { partials } from "../../rules/diff.ts";
import type { Value } from "../../tracer.ts";
import { add, div, max, mul, sub } from "../elementwise.ts";
import { fill, iota } from "../fill.ts";
import { gather } from "../gather.ts";
import { abs } from "../math.ts";
import { reduceMax } from "../reduce.ts";
import { sliceAxis } from "../slicing.ts";
import { argsort } from "../sort.ts";
import { reshape } from "../structural.ts";
import { prepare, rotation, roundoff, rowSigns, scaleRows, spoiled, sweep, tiny, turnRows } from "./jacobi.ts"; // prettier-ignore
import {
  asColumns,
  asRows,
  checkMatrix,
  diagonal,
  flattened,
  identity,
  isEmpty,
  leading,
  matmul,
  resized,
  symmetricFromLower,
  transposed,
} from "./matrix.ts";

const eighP = definePrimitive<Record<string, never>>("eigh", {
  type([a]) {
    checkMatrix("eigh", a, true);
    return [{ shape: a.shape.slice(0, -1), dtype: a.dtype }, a];
  },
  diff: {
    ...partials(),
    // dw = diag(v^T da v), dv = v (f * v^T da v) with f[i, j] = 1 / (w[j] - w[i]) off the diagonal (Giles 2008); two
    // equal eigenvalues have no eigenvectors to follow, and f is infinite.
    jvp(self, [a], [da], params) {
      const [w, v] = self.bind([a], params);
      if (!da)
        return [
          [w, v],
          [[], []],
        ];
      const [n] = w.shape.slice(-1);
      const turned = matmul(transposed(v), matmul(symmetricFromLower(da), v));
      const eye = identity(a.type);
      const gaps = add(eye, sub(asRows(w, n), asColumns(w, n)));
      const f = sub(div(fill(1, a.type), gaps), eye);
      return [
        [w, v],
        [[diagonal(turned)], [matmul(v, mul(f, turned))]],
      ];
    },
  },
  batch: leading,
  lower: composed((args) =>
    flattened(args, [2], ([a]) =>
      isEmpty(a) ? [reshape(a, a.shape.slice(0, -1)), a] : rotate(a),
    ),
  ),
});

/** a (B, n, n) -> w (B, n), v (B, n, n) */
function rotate(a: Value): Value[] {
  const [size, n] = a.shape;
  const { x, unit, bad } = prepare(symmetricFromLower(a));
  // Rows come in pairs; one more, of zeros, never turns.
  const even = n + (n % 2);
  const h = even / 2;
  const index = iota([size, h], 1);
  // Where the two by two blocks on the diagonal begin.
  const corners = mul(index, fill(2 * (even + 1), index.type));
  const largest = reduceMax(abs(x), [1, 2]);
  // A zero matrix has nothing to compare with, and nothing to rotate.
  const scale = max(largest, fill(tiny(a.dtype), largest.type));
  const [turned, rows] = sweep(
    [
      resized(x, even, even),
      identity({ shape: [size, even, even], dtype: a.dtype }),
    ],
    ([rest, vectors]) => {
      const flat = reshape(rest, [size, even * even]);
      const [p, g, q] = [0, 1, even + 1].map((start) =>
        gather(flat, add(corners, fill(start, corners.type)), 1),
      );
      const [c, s] = rotation(p, q, g);
      const next = turnRows(transposed(turnRows(rest, c, s)), c, s);
      const found = reduceMax(div(abs(g), asColumns(scale, h)), [0, 1]);
      return [[next, turnRows(vectors, c, s)] as const, found];
    },
    even - 1,
    n * roundoff(a.dtype),
  );
  const w = sliceAxis(diagonal(turned), 1, 0, n);
  const order = argsort([w], 1);
  const sorted = gather(resized(rows, n, n), order, 1);
  const v = transposed(scaleRows(sorted, rowSigns(sorted)));
  const values = mul(gather(w, order, 1), asColumns(unit, n));
  return [spoiled(values, bad), spoiled(v, bad)];
}

/**
 * Symmetric a (..., n, n), of which the lower triangle is read -> eigenvalues (..., n), ascending, and eigenvectors
 * (..., n, n) as columns, each with its largest element positive.
 */
export const eigh = (a: Value): [w: Value, v: Value] =>
  eighP.bind([a], {}) as [Value, Value];
