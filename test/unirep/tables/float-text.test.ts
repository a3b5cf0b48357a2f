/** @file The text of a float32 reads back as itself and no shorter decimal does. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { float32Text } from "../../../src/unirep/tables/float-text.ts";

/** Brute force: the first digit count, from 1 up, whose nearest decimal rounds back. */
function twin(x: number): string {
  for (let digits = 1; digits <= 9; digits++) {
    const text = x.toPrecision(digits);
    if (Object.is(Math.fround(Number(text)), x)) return String(Number(text));
  }
  throw new Error("nine digits always suffice");
}

describe("float32Text", () => {
  test.each([
    [0.1, "0.1"],
    [1 / 3, "0.33333334"],
    [2 ** -149, "1e-45"],
    [3.4028234663852886e38, "3.4028235e+38"],
    [16777216, "16777216"],
    [0, "0"],
    [-0, "-0"],
    [-1.5, "-1.5"],
    [NaN, "NaN"],
    [-Infinity, "-Infinity"],
  ])("writes float32(%d) as numpy does, %s", (x, text) => {
    expect(float32Text(Math.fround(x))).toBe(text);
  });

  test("agrees with trying every digit count on any float32", () => {
    const any = fc.oneof(
      fc.float({ noNaN: true, noDefaultInfinity: true }),
      fc.float({ min: -1, max: 1, noNaN: true }),
      fc.integer({ min: -149, max: 127 }).map((e) => 2 ** e),
    );
    fc.assert(
      fc.property(
        any.filter((x) => x !== 0),
        (x) => {
          expect(float32Text(x)).toBe(twin(x));
          expect(Object.is(Math.fround(Number(float32Text(x))), x)).toBe(true);
        },
      ),
      { numRuns: 5000 },
    );
  });
});
