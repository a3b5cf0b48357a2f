/** @file Every primitive, by its row: values, types, derivatives, transposes and batching, on the reference backend. */
import { describe, expect, test } from "vitest";
import { jvp, type DType, type Value } from "../../src/ad/index.ts";
import { Unknown, primitives } from "../../src/ad/primitive.ts";
import { runForward } from "../../src/ad/transforms/jvp.ts";
import { vmap } from "../../src/ad/transforms/vmap.ts";
import {
  entry,
  expectClose,
  fillNd,
  random,
  stack,
  toArray,
  toNd,
  tolerances,
  type Nd,
} from "./naive.cases.ts";
import { parseType, rows, type Row } from "./primitives.cases.ts";
import { dtypesOf, named, setUp } from "./rows/set-up.cases.ts";

const isFloat = (dtype: DType) => dtype.startsWith("float");

/** Both tangents and finite differences are taken in float64; a narrower result loses digits of its own. */
const differentiable = (row: Row) =>
  row.diff === "reverse"
    ? []
    : row.cases.filter((c) => dtypesOf(row, c).includes("float64"));

const along = (x: Nd, v: Nd, h: number): Nd => ({
  shape: x.shape,
  data: x.data.map((a, i) => a + h * v.data[i]),
});
const dotProduct = (a: readonly Nd[], b: readonly Nd[]) =>
  a.reduce(
    (total, x, k) =>
      x.data.reduce((sum, value, i) => sum + value * b[k].data[i], total),
    0,
  );
const centralDifference = (
  f: (xs: readonly Nd[]) => readonly Nd[],
  xs: readonly Nd[],
  vs: readonly Nd[],
): Nd[] => {
  const h = 1e-5;
  const up = f(xs.map((x, i) => along(x, vs[i], h)));
  const down = f(xs.map((x, i) => along(x, vs[i], -h)));
  return up.map(({ shape, data }, k) => ({
    shape,
    data: data.map((y, i) => (y - down[k].data[i]) / (2 * h)),
  }));
};

test("every primitive has a row and every row a primitive", () => {
  expect(Object.keys(rows).sort()).toEqual([...primitives().keys()].sort());
});

describe.each(Object.entries(rows))("%s", (name, row) => {
  test("agrees with its naive reference at every dtype", () => {
    for (const c of row.cases)
      for (const dtype of dtypesOf(row, c)) {
        const { args, eager, outDtypes, tolerance } = setUp(name, c, dtype);
        // Stored as the result's dtype, so that unsigned results wrap in the reference too.
        const want = c
          .want(args, dtype)
          .map((x, i) => toNd(toArray(x, outDtypes[i])));
        eager(args).forEach((got, i) => expectClose(got, want[i], tolerance));
      }
  });

  test.each(row.refuses)(
    "refuses $types, naming $names",
    ({ types, params, names: words }) => {
      let message = "";
      try {
        named(name).rules.type(types.map(parseType), params ?? {});
      } catch (error) {
        message = (error as Error).message;
      }
      expect(message.startsWith(`${name}: `)).toBe(true);
      for (const word of words) expect(message).toContain(word);
    },
  );

  test("jvp agrees with central differences", () => {
    for (const c of differentiable(row)) {
      const { args, draw, dtypes, apply, eager, outDtypes } = setUp(name, c, "float64",
      ); // prettier-ignore
      const moving = dtypes.map(isFloat);
      const directions = draw().map((v, i) =>
        moving[i] ? v : along(v, v, -1),
      );
      const tangents = directions.map((v, i) =>
        moving[i] ? toArray(v, dtypes[i]) : null,
      );
      const got = runForward(
        (xs) => apply(...xs),
        args.map((x, i) => toArray(x, dtypes[i])),
        tangents,
      );
      const want = centralDifference(eager, args, directions);
      got.forEach(({ tangent }, i) => {
        if (row.diff === "zero" || !isFloat(outDtypes[i]))
          expect(tangent).toBeNull();
        else if (tangent !== null && outDtypes[i] === "float64")
          expectClose(toNd(tangent), want[i], 1e-8);
        else if (args.length > 0 && outDtypes[i] === "float64")
          expect(want[i].data.every((d) => d === 0)).toBe(true);
      });
    }
  });

  test("jvp of jvp agrees with central differences of jvp", () => {
    const inFloats = differentiable(row).filter(
      (c) => row.diff !== "zero" && c.args.every((arg) => !arg.dtype),
    );
    for (const c of inFloats) {
      const { args, draw, apply } = setUp(name, c, "float64");
      const [v, w] = [draw(), draw()];
      const first = (...xs: Value[]): Value[] =>
        jvp(
          (...ys: Value[]) => apply(...ys),
          xs,
          v.map((t) => toArray(t, "float64")),
        )[1];
      const arrays = (xs: readonly Nd[]) =>
        xs.map((x) => toArray(x, "float64"));
      const [, second] = jvp(first, arrays(args), arrays(w));
      const want = centralDifference(
        (xs) => first(...arrays(xs)).map(toNd),
        args,
        w,
      );
      second.forEach((t, i) => {
        if (t.dtype === "float64") expectClose(toNd(t), want[i], 1e-7);
      });
    }
  });

  const linearIn = typeof row.diff === "object" ? row.diff.linear : [];
  test.each(linearIn.map((subset) => ({ subset })))(
    "its transpose is adjoint to its jvp in operands $subset",
    ({ subset }) => {
      for (const c of differentiable(row)) {
        const { args, draw, dtypes, apply, outDtypes } = setUp(name, c, "float64",
        ); // prettier-ignore
        if (!outDtypes.every(isFloat)) continue;
        const v = draw();
        const arrays = args.map((x, i) => toArray(x, dtypes[i]));
        const forward = runForward(
          (xs) => apply(...xs),
          arrays,
          v.map((t, i) => (subset.includes(i) ? toArray(t, dtypes[i]) : null)),
        ).map(({ tangent, primal }) => ({
          shape: primal.shape,
          data: tangent ? toNd(tangent).data : [],
        }));
        const next = random(9);
        const cts = forward.map(({ shape }) =>
          fillNd(shape, "float64", "any", next),
        );
        const back = named(name).rules.diff.transpose(
          named(name),
          cts.map((ct, i) => toArray(ct, outDtypes[i])),
          arrays.map((x, i) => (subset.includes(i) ? new Unknown(x.type) : x)),
          c.params ?? {},
        );
        const pulled = subset.map((i) => {
          const ct = back[i];
          if (!ct) throw new Error(`operand ${i} got no cotangent`);
          expect(ct.type).toEqual(arrays[i].type);
          return toNd(ct);
        });
        const left = dotProduct(forward, cts);
        const right = dotProduct(
          pulled,
          subset.map((i) => v[i]),
        );
        const tolerance = outDtypes.includes("float32") ? 1e-6 : 1e-12;
        expect(Math.abs(left - right)).toBeLessThanOrEqual(
          tolerance * Math.max(1, Math.abs(left)),
        );
      }
    },
  );

  test("vmap agrees with a loop for every choice of batched operands and axes", () => {
    for (const c of row.cases) {
      const dtype = dtypesOf(row, c)[0];
      const { args, draw, dtypes, apply, eager } = setUp(name, c, dtype);
      const other = draw();
      for (const axes of axisChoices(args)) {
        const operands = args.map((x, i) => {
          const axis = axes[i];
          return toArray(
            axis === null ? x : stack([x, other[i], x], axis),
            dtypes[i],
          );
        });
        const got = vmap((...xs: Value[]) => apply(...xs), axes)(...operands);
        const members = [0, 1, 2].map((k) =>
          eager(
            args.map((x, i) => {
              const axis = axes[i];
              return axis === null
                ? x
                : entry(stack([x, other[i], x], axis), axis, k);
            }),
          ),
        );
        got.forEach((out, i) =>
          expectClose(
            toNd(out),
            stack(
              members.map((m) => m[i]),
              0,
            ),
            tolerances[out.dtype],
          ),
        );
      }
    }
  });
});

/** For each operand unbatched or any axis position; at least one operand is batched. */
function axisChoices(args: readonly Nd[]): (number | null)[][] {
  const choices = args.reduce<(number | null)[][]>(
    (lists, x) =>
      lists.flatMap((list) =>
        [null, ...Array.from({ length: x.shape.length + 1 }, (_, i) => i)].map(
          (axis) => [...list, axis],
        ),
      ),
    [[]],
  );
  return choices.filter((axes) => axes.some((axis) => axis !== null));
}
