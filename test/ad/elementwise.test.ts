/** @file The elementwise numpy functions: dtypes they meet in, values against plain JavaScript, slopes, and identities. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  array,
  grad,
  jit,
  numpy as np,
  vmap,
  type Array as Arr,
  type ArrayLike,
  type DType,
  type Value,
} from "../../src/ad/index.ts";

type Fn = (...xs: ArrayLike[]) => Value;

const [inf, nan] = [Infinity, NaN];
const f64 = (...xs: number[]) => array(xs, { dtype: "float64" });
const of = (dtype: DType, ...xs: number[]) => array(xs, { dtype });
const list = (x: Value): number[] => [...(x as Arr).dataSync()];
const close = (got: number, want: number, tolerance: number) => {
  if (Number.isFinite(want))
    expect(Math.abs(got - want)).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(want)),
    );
  else expect(got).toBe(want);
};
const allClose = (got: readonly number[], want: readonly number[], tolerance = 1e-12) =>
  got.forEach((g, i) => close(g, want[i], tolerance)); // prettier-ignore

describe("dtypes", () => {
  const order: DType[] = ["bool", "uint32", "int32", "float32", "float64"];

  test("two arrays meet in the later of bool, uint32, int32, float32, float64", () => {
    for (const [i, a] of order.entries())
      for (const [j, b] of order.entries()) {
        const want = order[Math.max(i, j)];
        expect(np.promoteTypes(a, b)).toBe(want);
        expect(np.resultType(a, of(b, 1))).toBe(want);
        expect(np.maximum(of(a, 1), of(b, 1)).dtype).toBe(want);
        expect(np.where(true, of(a, 1), of(b, 1)).dtype).toBe(want);
      }
  });

  test.each<[ArrayLike[], DType]>([
    [[1, 2.5], "float32"],
    [[1, true], "float32"],
    [[true, false], "bool"],
    [[of("bool", 1), 2], "int32"],
    [[of("bool", 1), 2.5], "float32"],
    [[of("int32", 1), 2], "int32"],
    [[of("int32", 1), 2.5], "float32"],
    [[of("uint32", 1), nan], "float32"],
    [[of("float64", 1), 2.5], "float64"],
    [[of("float32", 1), true], "float32"],
  ])("%j meet in %s", (operands, dtype) => {
    expect(np.resultType(...operands)).toBe(dtype);
    expect(np.add(operands[0], operands[1]).dtype).toBe(dtype);
  });

  test("an unknown dtype is refused by name", () => {
    expect(() => np.promoteTypes("float32", "int64" as DType)).toThrow(
      "promoteTypes: expected two of float32, float64, int32, uint32, bool, got float32 and int64",
    );
    expect(() => np.astype(1, "half" as DType)).toThrow("half");
  });

  test("functions of real numbers take integers and bools as float32", () => {
    for (const f of [
      np.sin,
      np.exp,
      np.log1p,
      np.sqrt,
      np.cbrt,
      np.rint,
      np.deg2rad,
      np.sinc,
      np.reciprocal,
      np.fabs,
    ])
      // prettier-ignore
      for (const dtype of ["int32", "uint32", "bool"] as const)
        expect(f(of(dtype, 1)).dtype).toBe("float32");
    for (const f of [
      np.divide,
      np.arctan2,
      np.hypot,
      np.logaddexp,
      np.copysign,
      np.heaviside,
      np.floatPower,
    ])
      // prettier-ignore
      expect(f(of("int32", 1), of("uint32", 1)).dtype).toBe("float32");
  });

  test("functions that keep integers keep their dtype", () => {
    for (const f of [
      np.floor,
      np.ceil,
      np.trunc,
      np.round,
      np.abs,
      np.sign,
      np.square,
      np.positive,
      np.nanToNum,
    ])
      // prettier-ignore
      for (const dtype of ["int32", "uint32"] as const)
        expect(f(of(dtype, 3)).dtype).toBe(dtype);
    for (const f of [
      np.floorDivide,
      np.mod,
      np.fmod,
      np.power,
      np.gcd,
      np.lcm,
      np.leftShift,
    ])
      // prettier-ignore
      for (const dtype of ["int32", "uint32"] as const)
        expect(f(of(dtype, 7), of(dtype, 2)).dtype).toBe(dtype);
  });

  test("bools add as or, multiply as and, and are counted where truth has no such operation", () => {
    const [a, b] = [of("bool", 0, 0, 1, 1), of("bool", 0, 1, 0, 1)];
    const cases: [Fn, number[], DType][] = [
      [np.add, [0, 1, 1, 1], "bool"],
      [np.multiply, [0, 0, 0, 1], "bool"],
      [np.maximum, [0, 1, 1, 1], "bool"],
      [np.fmin, [0, 0, 0, 1], "bool"],
      [np.power, [1, 0, 1, 1], "int32"],
      [np.leftShift, [0, 0, 1, 2], "int32"],
      [np.divide, [nan, 0, inf, 1], "float32"],
    ];
    for (const [f, want, dtype] of cases) {
      expect(f(a, b).dtype).toBe(dtype);
      expect(list(f(a, b))).toEqual(want);
    }
    expect(list(np.square(a))).toEqual([0, 0, 1, 1]);
  });
});

/** Functions of one real number: a reference of its own making, and where it may be asked. */
const real: [keyof typeof np, (x: number) => number, readonly number[]][] = [
  ["arcsin", (x) => Math.atan2(x, Math.sqrt(1 - x * x)), [-0.9, 0, 0.5]],
  ["arccosh", (x) => Math.log(x + Math.sqrt(x * x - 1)), [1.5, 40]],
  ["exp2", (x) => 2 ** x, [-3, 0.5, 10]],
  ["log2", (x) => Math.log2(x), [0.1, 1, 8]],
  ["log10", (x) => Math.log10(x), [0.1, 1, 1000]],
  ["reciprocal", (x) => 1 / x, [-2, 0.5]],
  ["square", (x) => x * x, [-3, 0, 2]],
  ["deg2rad", (x) => (x * Math.PI) / 180, [-90, 45]],
  ["rad2deg", (x) => (x * 180) / Math.PI, [-1, 2]],
  ["sinc", (x) => (x ? Math.sin(Math.PI * x) / (Math.PI * x) : 1), [-2.5, -0.1, 0, 1e-9, 0.159, 0.16, 3]], // prettier-ignore
  ["fabs", Math.abs, [-2, 3]],
  ["trunc", Math.trunc, [-1.5, 1.5]],
  ["fix", Math.trunc, [-1.5, 1.5]],
  ["rint", (x) => Math.round(x), [-1.2, 1.7]],
];

describe.each(real)("%s", (name, reference, points) => {
  const f = np[name] as Fn;
  test("gives the reference's values, on both devices", async () => {
    const want = points.map(reference);
    allClose(list(f(f64(...points))), want);
    const compiled = jit((x: Value) => f(x), { threads: 1 });
    allClose([...(await (compiled(f64(...points)) as Arr).data())], want);
    await compiled.dispose();
  });

  test("has the slope and the curvature of central differences", () => {
    const slope = grad((x: Value) => f(x));
    const bend = grad((x: Value) => slope(x));
    const at = (g: (x: Value) => Value, x: number) =>
      g(array(x, { dtype: "float64" })).item();
    const h = 1e-5;
    for (const x of points) {
      close(at(slope, x), (at(f, x + h) - at(f, x - h)) / (2 * h), 1e-7);
      close(at(bend, x), (at(slope, x + h) - at(slope, x - h)) / (2 * h), 1e-7);
    }
  });
});

describe("values that a formula would miss", () => {
  test.each<[string, () => Value, number[]]>([
    ["hypot neither overflows nor underflows", () => np.hypot(f64(3e200, 3e-200, 0), f64(4e200, 4e-200, 0)), [5e200, 5e-200, 0]],
    ["hypot is infinite beside NaN", () => np.hypot(f64(inf, nan, inf), f64(nan, -inf, inf)), [inf, inf, inf]],
    ["logaddexp takes equal infinities", () => np.logaddexp(f64(inf, -inf, 800), f64(inf, -inf, 800)), [inf, -inf, 800 + Math.LN2]],
    ["logaddexp2 is log2 of a sum of powers", () => np.logaddexp2(f64(3, 1000), f64(3, 990)), [4, 1000 + Math.log2(1 + 2 ** -10)]],
    ["mod has the divisor's sign, fmod the dividend's", () => np.subtract(np.mod(f64(-5, 5, -6), f64(3, -3, 3)), np.fmod(f64(-5, 5, -6), f64(3, -3, 3))), [3, -3, 0]],
    ["floorDivide rounds down and divides by zero as division does", () => np.floorDivide(f64(-5, 5, 6, 1, -1), f64(3, -3, 3, 0, 0)), [-2, -2, 2, inf, -inf]],
    ["floorDivide of integers rounds down", () => np.floorDivide(of("int32", -5, 5, 6, -6), of("int32", 3, -3, 3, 4)), [-2, -2, 2, -2]],
    ["round takes halves to even, at any decimal", () => np.round(f64(0.125, 0.375, -2.5), 2), [0.12, 0.38, -2.5]],
    ["round takes negative decimals", () => np.round(f64(1250, 1350, -15), -2), [1200, 1400, 0]],
    ["fmax and fmin pass over NaN", () => np.add(np.fmax(f64(nan, 1, 2), f64(3, nan, 5)), np.fmin(f64(nan, 1, 2), f64(3, nan, 5))), [6, 2, 7]],
    ["clip takes either bound or none", () => np.add(np.clip(f64(-1, 5), 0), np.add(np.clip(f64(-1, 5), null, 3), np.clip(f64(-1, 5)))), [-2, 13]],
    ["heaviside takes its second operand at 0 alone", () => np.heaviside(f64(-1, 0, 2, nan), f64(9, 0.5, 9, 9)), [0, 0.5, 1, nan]],
    ["copysign sees the sign of zero", () => np.copysign(f64(2, -2, 3), f64(-0, 0, -5)), [-2, 2, -3]],
    ["signbit sees the sign of zero", () => np.signbit(f64(-0, 0, -1, 1, nan, -inf)), [1, 0, 1, 0, 0, 1]],
    ["nanToNum replaces what is not finite", () => np.nanToNum(f64(nan, inf, -inf, 2), { nan: 7, neginf: -1 }), [7, Number.MAX_VALUE, -1, 2]],
    ["nextafter of float32 steps one unit", () => np.nextafter(of("float32", 1, 1, inf, -1), of("float32", 2, 0, 0, -1)), [1 + 2 ** -23, 1 - 2 ** -24, (2 - 2 ** -23) * 2 ** 127, -1]],
    ["spacing is the distance to the next float", () => np.spacing(of("float32", 1, -2, inf)), [2 ** -23, -(2 ** -22), nan]],
    ["isinf tells the sides apart", () => np.subtract(np.astype(np.isposinf(f64(inf, -inf, nan, 1)), "int32"), np.astype(np.isneginf(f64(inf, -inf, nan, 1)), "int32")), [1, -1, 0, 0]],
    ["isfinite and isnan leave the infinities between them", () => np.logicalNot(np.logicalOr(np.isfinite(f64(inf, nan, 1)), np.isnan(f64(inf, nan, 1)))), [1, 0, 0]],
    ["integers are finite and never NaN", () => np.logicalAnd(np.isfinite(of("int32", 1)), np.logicalNot(np.isnan(of("bool", 1)))), [1]],
    ["power multiplies out integer exponents", () => np.power(f64(-2, 0, 3), -3), [-0.125, inf, 1 / 27]],
    ["power of integers wraps", () => np.power(of("int32", 3, -3), of("int32", 21, 3)), [1870418611, -27]],
    ["gcd and lcm take negative numbers and zero", () => np.add(np.gcd(of("int32", -12, 0, 0), of("int32", 18, -5, 0)), np.lcm(of("int32", -4, 0, 3), of("int32", 6, 5, 0))), [18, 5, 0]],
    ["ldexp reaches the ends of the range", () => np.ldexp(f64(1, 1, 0.5), of("int32", 1023, -1022, 1024)), [2 ** 1023, 2 ** -1022, 2 ** 1023]],
    ["shifts beyond the word leave nothing but the sign", () => np.add(np.leftShift(of("int32", 1, -1), 40), np.rightShift(of("int32", 5, -5), 40)), [0, -1]],
    ["rightShift of uint32 fills with zeros", () => np.rightShift(of("uint32", 2 ** 32 - 1), 31), [1]],
    ["bitwiseCount counts the bits of the absolute value", () => np.bitwiseCount(of("int32", 0, -1, 255, -(2 ** 31))), [0, 1, 8, 1]],
    ["bitwiseCount of uint32 counts up to 32", () => np.bitwiseCount(of("uint32", 2 ** 32 - 1, 2 ** 31)), [32, 1]],
    ["logical functions take numbers for their truth", () => np.logicalXor(f64(0, 2, nan, 0), of("int32", 3, 1, 0, 0)), [1, 0, 1, 0]],
  ])("%s", (_title, f, want) => {
    allClose(list(f()), want);
  }); // prettier-ignore

  test("modf and frexp come apart and go together again", () => {
    const x = [2.75, -2.75, 0, inf, nan, 1e-300, 1e300, 0.5, 8];
    const [fraction, whole] = np.modf(f64(...x));
    expect(list(fraction)).toEqual([0.75, -0.75, 0, 0, nan, 1e-300, 0, 0.5, 0]); // prettier-ignore
    expect(list(whole).slice(0, 3)).toEqual([2, -2, 0]);
    const [mantissa, exponent] = np.frexp(f64(...x));
    expect(exponent.dtype).toBe("int32");
    expect(list(mantissa).slice(0, 2)).toEqual([0.6875, -0.6875]);
    expect(list(np.ldexp(mantissa, exponent))).toEqual(x);
    expect(list(exponent).slice(-3)).toEqual([997, 0, 4]);
  });
});

describe("closeness", () => {
  const truth = (x: Value) => {
    expect(x.type).toEqual({ shape: [], dtype: "bool" });
    return x.item() === 1;
  };
  test("isclose weighs relative and absolute bounds, infinities by equality, NaN by request", () => {
    const [x, y] = [f64(1, 1, 0, inf, inf, nan), f64(1.00001, 1.1, 1e-9, inf, 1, nan)]; // prettier-ignore
    expect(list(np.isclose(x, y))).toEqual([1, 0, 1, 1, 0, 0]);
    expect(list(np.isclose(x, y, { equalNan: true, rtol: 0.2 }))).toEqual([1, 1, 1, 1, 0, 1]); // prettier-ignore
  });
  test("allclose, arrayEqual and arrayEquiv say one word of all elements", () => {
    expect(truth(np.allclose(f64(1, 2), f64(1, 2 + 1e-9)))).toBe(true);
    expect(truth(np.allclose(f64(1, 2), 1))).toBe(false);
    expect(truth(np.arrayEqual(f64(1, nan), f64(1, nan)))).toBe(false);
    expect(truth(np.arrayEqual(f64(1, nan), f64(1, nan), { equalNan: true }))).toBe(true); // prettier-ignore
    expect(truth(np.arrayEqual(f64(1, 1), 1))).toBe(false);
    expect(truth(np.arrayEquiv(f64(1, 1), 1))).toBe(true);
    expect(truth(np.arrayEquiv(f64(1, 1), f64(1, 1, 1)))).toBe(false);
  });
});

describe("slopes where a formula would say NaN", () => {
  const slopes = (f: Fn, ...xs: number[]) =>
    xs.map((_, i) =>
      grad((...ys: Value[]) => f(...ys), { argnums: i })(
        ...xs.map((x) => array(x, { dtype: "float64" })),
      ).item(),
    );
  test.each<[string, Fn, number[], number[]]>([
    ["x ** 2 at 0", (x) => np.power(x, 2), [0], [0]],
    ["x ** y at 0, 2", np.power, [0, 2], [0, 0]],
    ["x ** y at 0, 0", np.power, [0, 0], [0, 0]],
    ["x ** y at 0, 0.5", np.power, [0, 0.5], [inf, 0]],
    ["hypot at 0, 0", np.hypot, [0, 0], [0.5, 0.5]],
    ["hypot at 0, 2", np.hypot, [0, 2], [0, 1]],
    ["logaddexp at equal infinities", np.logaddexp, [inf, inf], [0.5, 0.5]],
    ["logaddexp at equal -infinities", np.logaddexp, [-inf, -inf], [0.5, 0.5]],
    ["logaddexp at -Infinity, 0", np.logaddexp, [-inf, 0], [0, 1]],
    ["sqrt at 0", np.sqrt, [0], [inf]],
    ["abs at 0", np.abs, [0], [1]],
    ["sinc at 0", np.sinc, [0], [0]],
    ["nanToNum at Infinity", (x) => np.nanToNum(x), [inf], [0]],
    ["clip at its bound", (x) => np.clip(x, 1, 2), [1], [0.5]],
    ["mod", np.mod, [-5, 3], [1, 2]],
    ["fmod", np.fmod, [-5, 3], [1, 1]],
    ["floorDivide", np.floorDivide, [5, 3], [0, 0]],
    ["copysign", np.copysign, [1, -2], [-1, 0]],
    ["heaviside at 0", np.heaviside, [0, 3], [0, 1]],
    ["nextafter", np.nextafter, [1, 2], [0, 0]],
    ["maximum at a tie", np.maximum, [1, 1], [0.5, 0.5]],
  ])("%s", (_title, f, xs, want) => {
    expect(slopes(f, ...xs).map((d) => d + 0)).toEqual(want);
  });

  test("the curvature of logaddexp at a tie is 1/4", () => {
    const slope = grad((x: Value) => np.logaddexp(x, 0));
    const bend = grad((x: Value) => slope(x));
    expect(bend(array(0, { dtype: "float64" })).item()).toBe(0.25);
  });
});

describe("identities", () => {
  const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  const integer = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

  test("x is floorDivide times y plus mod, and mod lies between 0 and y", () => {
    fc.assert(
      fc.property(integer, integer, (x, y) => {
        fc.pre(y !== 0 && !(y === -1 && x === -(2 ** 31)));
        const [q, r] = np.divmod(of("int32", x), of("int32", y)).map((v) => list(v)[0]); // prettier-ignore
        expect(q).toBe(Math.floor(x / y) + 0);
        expect(q * y + r).toBe(x);
      }),
    );
  });

  test("arctan2 undoes the circle, and hypot its radius", () => {
    fc.assert(
      fc.property(finite, finite, (y, x) => {
        const [r, a] = [np.hypot(f64(x), f64(y)), np.arctan2(f64(y), f64(x))];
        close(list(np.multiply(r, np.cos(a)))[0], x, 1e-12 * Math.hypot(x, y));
        close(list(np.multiply(r, np.sin(a)))[0], y, 1e-12 * Math.hypot(x, y));
      }),
    );
  });

  test("gcd divides both, and gcd times lcm is their product", () => {
    const small = fc.integer({ min: 1, max: 40_000 });
    fc.assert(
      fc.property(small, small, (x, y) => {
        const [g, l] = [np.gcd, np.lcm].map((f) => f(of("uint32", x), of("uint32", y)).item()); // prettier-ignore
        expect([x % g, y % g]).toEqual([0, 0]);
        expect(g * l).toBe(x * y);
      }),
      { numRuns: 30 },
    );
  });

  test("nextafter of any normal float32 is the float of the neighbouring bit pattern", () => {
    const normal = fc
      .float({ noNaN: true, noDefaultInfinity: true })
      .filter((x) => Math.abs(x) > 1e-37);
    fc.assert(
      fc.property(normal, (x) => {
        const bits = new Int32Array(Float32Array.of(x).buffer);
        bits[0] += x < 0 ? -1 : 1;
        const want = new Float32Array(bits.buffer)[0];
        expect(
          list(np.nextafter(of("float32", x), of("float32", inf)))[0],
        ).toBe(want);
      }),
    );
  });

  test("not (a and b) is not a or not b, on integers as on truth values", () => {
    fc.assert(
      fc.property(integer, integer, (x, y) => {
        const [a, b] = [of("int32", x), of("int32", y)];
        expect(list(np.invert(np.bitwiseAnd(a, b)))).toEqual(list(np.bitwiseOr(np.bitwiseNot(a), np.bitwiseNot(b)))); // prettier-ignore
        expect(list(np.bitwiseXor(np.bitwiseXor(a, b), b))).toEqual([x]);
      }),
    );
  });
});

test("functions of several operands broadcast, map over a batch and compile together", async () => {
  const f = (x: Value, y: Value) =>
    np.where(
      np.greaterEqual(np.mod(x, 2), 1),
      np.arctan2(x, y),
      np.hypot(x, y),
    );
  const x = array([[0.5, 1.5], [2.5, -3.5], [4, 5]], { dtype: "float64" }); // prettier-ignore
  const y = f64(2, -1);
  const want = list(f(x, y));
  allClose(list(vmap(f, [0, null])(x, y)), want);
  const compiled = jit(f, { threads: 1 });
  allClose([...(await (compiled(x, y) as Arr).data())], want);
  await compiled.dispose();
});

describe("error sentences", () => {
  test.each<[string, () => unknown]>([
    ["round: expected a whole number of decimals, got 0.5", () => np.round(1, 0.5)],
    ["round: expected at least 0 decimals for integers, got -1 for int32", () => np.round(of("int32", 1), -1)],
    ["ldexp: expected integers as exponents, got float64", () => np.ldexp(1, f64(1))],
    ["gcd: expected integers, got float32", () => np.gcd(1, 2)],
    ["integerPow: expected a number to an integer power, not negative for integers, got i32[1] to the power -1", () => np.power(of("int32", 1), -1)],
    ["add: expected arrays, numbers or booleans as leaves, got [object String]", () => np.add("1" as never, 2)],
    ["add: shapes [2] and [3] do not broadcast at axis -1", () => np.add(f64(1, 2), f64(1, 2, 3))],
    ["shiftLeft: expected an integer dtype, got float64", () => np.leftShift(f64(1), 1)],
    ["xor: expected an integer or bool dtype, got float64", () => np.bitwiseXor(f64(1), 1)],
  ])("%s", (sentence, call) => {
    expect(call).toThrow(sentence);
  }); // prettier-ignore
});
