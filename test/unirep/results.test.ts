/** @file Results: awaited for an array, iterated for one after the other, idle until asked. */
import { describe, expect, test } from "vitest";
import { Results } from "../../src/unirep/results.ts";

function results(values: readonly number[], failure?: Error) {
  const seen = { starts: 0, ends: 0 };
  // eslint-disable-next-line @typescript-eslint/require-await -- a stream whose values are all there
  const of = new Results(async function* () {
    seen.starts++;
    try {
      yield* values;
      if (failure) throw failure;
    } finally {
      seen.ends++;
    }
  });
  return { of, seen };
}

describe("Results", () => {
  test("awaited give an array", async () => {
    expect(await results([1, 2, 3]).of).toEqual([1, 2, 3]);
    expect(await results([]).of).toEqual([]);
  });

  test("awaited twice are computed once", async () => {
    const { of, seen } = results([1, 2]);
    expect(await of).toEqual([1, 2]);
    expect(await of).toBe(await of);
    expect(await Promise.all([of, of])).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(seen.starts).toBe(1);
  });

  test("iterated come one after the other, and again when iterated again", async () => {
    const { of, seen } = results([1, 2, 3]);
    for (let times = 1; times <= 2; times++) {
      const got: number[] = [];
      for await (const value of of) got.push(value);
      expect(got).toEqual([1, 2, 3]);
      expect(seen).toEqual({ starts: times, ends: times });
    }
  });

  test("do nothing until they are asked for", async () => {
    const { seen } = results([1]);
    await new Promise(setImmediate);
    expect(seen.starts).toBe(0);
  });

  test("end their run when the loop over them is left", async () => {
    const { of, seen } = results([1, 2, 3]);
    for await (const value of of) if (value === 2) break;
    expect(seen).toEqual({ starts: 1, ends: 1 });
  });

  test("reject with the failure, every time they are awaited", async () => {
    const { of, seen } = results([1], new Error("broken"));
    await expect(of).rejects.toThrow("broken");
    await expect(of.then(() => "fine")).rejects.toThrow("broken");
    expect(await of.then(null, () => "handled")).toBe("handled");
    expect(seen.starts).toBe(1);
  });

  test("give what came before a failure when iterated", async () => {
    const got: number[] = [];
    const run = async () => {
      for await (const value of results([1, 2], new Error("broken")).of)
        got.push(value);
    };
    await expect(run()).rejects.toThrow("broken");
    expect(got).toEqual([1, 2]);
  });
});
