/** @file One suite for every device: each primitive's row, compiled there, agrees with the reference backend. */
import { afterAll, describe, expect, test } from "vitest";
import {
  devices,
  jit,
  type Array as Arr,
  type DType,
  type Value,
} from "../../src/ad/index.ts";
import { backendOf } from "../../src/ad/devices.ts";
import { exceptions } from "./conformance.cases.ts";
import {
  expectClose,
  fillNd,
  random,
  toArray,
  toNd,
  toNdAsync,
  tolerances,
} from "./naive.cases.ts";
import { rows, type Row } from "./primitives.cases.ts";
import { dtypesOf, setUp } from "./rows/set-up.cases.ts";

/** What a device's arrays cannot hold, in the operands or results of a row at one dtype. */
const missing = (
  name: string,
  row: Row,
  dtype: DType,
  has: readonly DType[],
) => {
  const used = row.cases
    .filter((c) => dtypesOf(row, c).includes(dtype))
    .flatMap((c) => {
      const { dtypes, outDtypes } = setUp(name, c, dtype);
      return [...dtypes, ...outDtypes];
    });
  return used.find((d) => !has.includes(d));
};

const compiling = (await devices()).filter(({ device }) => device !== "js");

describe.each(compiling.map((info) => [info.device, info] as const))(
  "%s",
  (device, { available, detail }) => {
    if (!available) {
      test.skip(`works on this machine (${detail})`, () => undefined);
      return;
    }
    let [programs, cases] = [0, 0];
    // The one line by which a log shows that a device was really there.
    afterAll(() => console.log(`${device} (${detail}): ${cases} cases in ${programs} programs agree with js`)); // prettier-ignore
    const { dtypes: has, symbolicSizes } = backendOf(device);

    describe.each(
      Object.entries(rows).filter(([, row]) => row.dtypes.length > 0),
    )("%s", (name, row) => {
      for (const dtype of row.dtypes) {
        const lacks = missing(name, row, dtype, has);
        const reason =
          exceptions[device]?.[name] ?? (lacks && `${device} has no ${lacks}`);
        const title = `agrees with the reference at ${dtype}`;
        if (reason) {
          test.skip(`${title} (${reason})`, () => undefined);
          continue;
        }
        test(title, async () => {
          const tried = row.cases
            .filter((c) => dtypesOf(row, c).includes(dtype))
            .map((c) => ({ c, ...setUp(name, c, dtype, 2) }));
          const operands = tried.map(({ args, dtypes }) =>
            args.map((x, i) => toArray(x, dtypes[i])),
          );
          const compiled = jit(
            (all: readonly (readonly Value[])[]) =>
              all.map((xs, k) => tried[k].apply(...xs)),
            { threads: 1, device },
          );
          const got = compiled(operands);
          for (const [k, { c, apply, tolerance }] of tried.entries()) {
            const where = `${JSON.stringify(c.args)} ${JSON.stringify(c.params)}`;
            const want = apply(...operands[k]);
            for (const [i, out] of got[k].entries()) {
              expect(out.type, where).toEqual(want[i].type);
              await expect((out as Arr).data(), where).resolves.toBeInstanceOf(
                (want[i] as Arr).dataSync().constructor,
              );
              expectClose(toNd(out), toNd(want[i]), tolerance);
            }
            cases++;
          }
          programs++;
          await compiled.dispose();
        });
      }

      const symbolic = row.cases.filter((c) => c.symbolic);
      if (symbolic.length > 0 && symbolicSizes)
        test("compiled once with a symbolic axis it serves other sizes", async () => {
          for (const c of symbolic) {
            const dtype = dtypesOf(row, c)[0];
            let traces = 0;
            const { dtypes, apply } = setUp(name, c, dtype);
            const compiled = jit(
              (...xs: Value[]) => {
                traces++;
                return apply(...xs);
              },
              {
                threads: 1,
                device,
                symbolicShapes: c.symbolic as readonly string[],
              },
            );
            for (const size of [3, 1, 5, 0]) {
              const next = random(size);
              const args = c.args.map(({ shape, values = "any" }, k) => {
                const words = (c.symbolic?.[k] ?? "")
                  .split(",")
                  .map((w) => w.trim());
                const sized = shape.map((n, axis) =>
                  /^[a-z]$/.test(words[axis] ?? "") ? size : n,
                );
                return toArray(
                  fillNd(sized, dtypes[k], values, next),
                  dtypes[k],
                );
              });
              const out = compiled(...args);
              const want = apply(...args).map(toNd);
              for (const [i, x] of out.entries())
                expectClose(await toNdAsync(x), want[i], tolerances[dtype]);
            }
            expect(traces).toBe(2);
            await compiled.dispose();
          }
        });
    });
  },
);
