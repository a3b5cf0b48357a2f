/** @file Special functions against known values and identities, over wide ranges, at their edges and through transforms. */
import { describe, expect, test } from "vitest";
import {
  Array as Arr,
  array,
  grad,
  hessian,
  jit,
  numpy as np,
  vmap,
  type Value,
} from "../../src/ad/index.ts";
import { special } from "../../src/ad/scipy/index.ts";

const f64 = (...xs: number[]) => array(xs, { dtype: "float64" });
const numbers = (x: Value): number[] => [...(x as Arr).dataSync()];

function expectNear(got: number, want: number, relative: number): void {
  if (Number.isFinite(want))
    expect(Math.abs(got - want)).toBeLessThanOrEqual(relative * Math.abs(want));
  else expect(got).toBe(want);
}

/** Digits from DLMF, Abramowitz and Stegun, and series summed to fifty digits. */
const known: readonly [keyof typeof special, readonly number[], number][] = [
  ["gammaln", [1e-300], 690.7755278982137],
  ["gammaln", [0.5], Math.log(Math.PI) / 2],
  ["gammaln", [1 + 2 ** -30], -5.375739784311044e-10],
  ["gammaln", [-1.5], 0.860047015376481],
  ["gammaln", [1e10], 220258509288.8113],
  ["gamma", [-1.5], (4 * Math.sqrt(Math.PI)) / 3],
  ["gamma", [11], 3628800],
  ["gamma", [-1], NaN],
  ["digamma", [1], -0.5772156649015329],
  ["digamma", [0.5], -1.9635100260214235],
  ["digamma", [-0.5], 0.03648997397857652],
  ["digamma", [1e12], 27.631021115927545],
  ["digamma", [-3], NaN],
  ["polygamma", [1, 1], Math.PI ** 2 / 6],
  ["polygamma", [2, 0.5], -16.82879664423432],
  ["polygamma", [1, -0.5], Math.PI ** 2 / 2 + 4],
  ["zeta", [2], Math.PI ** 2 / 6],
  ["zeta", [4, 1], Math.PI ** 4 / 90],
  ["zeta", [1, 2], Infinity],
  ["factorial", [20], 2432902008176640e3],
  ["factorial", [-1], 0],
  ["comb", [10, 3], 120],
  ["comb", [3, 5], 0],
  ["poch", [3, 4], 360],
  ["betaln", [1e6, 1e6], -1386300.003362921],
  ["beta", [2, 3], 1 / 12],
  ["gammainc", [1, 0.5], 1 - Math.exp(-0.5)],
  ["gammainc", [0.5, 2], 0.9544997361036416],
  ["gammainc", [3, Infinity], 1],
  ["gammainc", [-1, 2], NaN],
  ["gammaincc", [1, 700], Math.exp(-700)],
  ["gammaincc", [2, 30], 31 * Math.exp(-30)],
  ["gammaincc", [2, 0], 1],
  ["betainc", [1, 3, 0.25], 1 - 0.75 ** 3],
  ["betainc", [2, 2, 1e-8], 3e-16 - 2e-24],
  ["betainc", [1000, 1000, 0.5], 0.5],
  ["betainc", [2, 3, 1], 1],
  ["betainc", [2, 3, 1.5], NaN],
  ["erf", [0.5], 0.5204998778130465],
  ["erfc", [5], 1.5374597944280347e-12],
  ["erfinv", [0.5], 0.4769362762044699],
  ["erfinv", [1e-200], (1e-200 * Math.sqrt(Math.PI)) / 2],
  ["erfinv", [-1], -Infinity],
  ["ndtri", [0.975], 1.959963984540054],
  ["ndtri", [1e-300], -37.0470962993612],
  ["ndtri", [0.5], 0],
  ["ndtr", [-1.959963984540054], 0.025],
  ["logNdtr", [-100], -5005.524208694205],
  ["logNdtr", [0], Math.log(0.5)],
  ["i0", [1], 1.2660658777520082],
  ["i1", [1], 0.5651591039924851],
  ["i0e", [50], 0.05656162664745419],
  ["i1e", [-2], -0.21526928924893765],
  ["expi", [1], 1.8951178163559368],
  ["exp1", [1], 0.21938393439552026],
  ["expn", [3, 0], 0.5],
  ["expn", [0, 2], Math.exp(-2) / 2],
  ["spence", [0], Math.PI ** 2 / 6],
  ["spence", [2], -(Math.PI ** 2) / 12],
  ["spence", [0.5], Math.PI ** 2 / 12 - Math.log(2) ** 2 / 2],
  ["xlogy", [0, 0], 0],
  ["xlogy", [0, NaN], NaN],
  ["xlog1py", [0, -1], 0],
  ["entr", [0], 0],
  ["entr", [-1], -Infinity],
  ["relEntr", [0, 0], 0],
  ["relEntr", [1, 0], Infinity],
  ["klDiv", [2, 1], 2 * Math.log(2) - 1],
  ["logit", [0.25], -Math.log(3)],
  ["expit", [-800], 0],
];

const apply = (name: keyof typeof special, xs: readonly Value[]): Value =>
  (special[name] as (...xs: readonly Value[]) => Value)(...xs);

describe("special", () => {
  test.each(known)("%s of %j is %d", async (name, args, want) => {
    const f = (...xs: Value[]) => apply(name, xs);
    const xs = args.map((x) => f64(x));
    const [got] = numbers(f(...xs));
    if (want === 0) expect(Math.abs(got)).toBeLessThan(1e-15);
    else expectNear(got, want, 1e-12);
    const compiled = jit(f, { threads: 1 });
    const [same] = await (compiled(...xs) as Arr).data();
    if (Number.isFinite(got)) expect(same).toBeCloseTo(got, 12);
    else expect(same).toBe(got);
    await compiled.dispose();
  });

  test("integers and bare numbers are float32", () => {
    const three = array([3], { dtype: "int32" });
    expect(special.gammaln(three).dtype).toBe("float32");
    expect(special.betaln(three, 2).dtype).toBe("float32");
    expect(special.digamma(1).type).toEqual({ shape: [], dtype: "float32" });
  });

  test("float32 keeps its digits where a formula in float32 would lose them", () => {
    const x = 3e4;
    const f32 = (v: number) => array([v], { dtype: "float32" });
    const [wide] = numbers(special.gammaincc(f64(x), f64(x + 400)));
    const [narrow] = numbers(special.gammaincc(f32(x), f32(x + 400)));
    expectNear(narrow, wide, 1e-6);
  });

  const grid = [0.03, 0.4, 1, 2.5, 9, 19.5, 21, 80, 4e3];
  test("P and Q add up to 1, and meet where their methods change", () => {
    for (const a of grid)
      for (const ratio of [0.2, 0.9, 0.999, 1, 1.001, 1.2, 3]) {
        const [p] = numbers(special.gammainc(f64(a), f64(a * ratio)));
        const [q] = numbers(special.gammaincc(f64(a), f64(a * ratio)));
        expectNear(p + q, 1, 1e-14);
      }
  });

  test("P satisfies its recurrence P(a + 1, x) = P(a, x) - x^a e^-x / Gamma(a + 1)", () => {
    for (const a of grid)
      for (const x of [a * 0.7, a + 0.3]) {
        const [low, high, logGamma] = numbers(
          np.concatenate([
            special.gammainc(f64(a), f64(x)),
            special.gammainc(f64(a + 1), f64(x)),
            special.gammaln(f64(a + 1)),
          ]),
        );
        const step = Math.exp(a * Math.log(x) - x - logGamma);
        expectNear(high + step, low, 1e-11);
      }
  });

  test("I_x(a, b) is 1 - I_1-x(b, a) and has the binomial sum of whole a and b", () => {
    const binomialTail = (a: number, b: number, x: number) => {
      const n = a + b - 1;
      let sum = 0;
      for (let j = a; j <= n; j++) {
        let ways = 1;
        for (let i = 1; i <= j; i++) ways = (ways * (n - j + i)) / i;
        sum += ways * x ** j * (1 - x) ** (n - j);
      }
      return sum;
    };
    for (const [a, b] of [
      [1, 1],
      [3, 9],
      [15, 4],
      [30, 25],
    ])
      for (const x of [0.01, 0.3, 0.5, 0.8]) {
        const [left] = numbers(special.betainc(f64(a), f64(b), f64(x)));
        const [right] = numbers(special.betainc(f64(b), f64(a), f64(1 - x)));
        expectNear(left, binomialTail(a, b, x), 1e-12);
        expectNear(left + right, 1, 1e-13);
      }
  });

  test("quantiles invert their distribution functions into both tails", () => {
    for (const p of [1e-250, 1e-20, 0.01, 0.4, 0.6, 0.99]) {
      expectNear(numbers(special.ndtr(special.ndtri(f64(p))))[0], p, 1e-11);
      expectNear(numbers(special.erf(special.erfinv(f64(p))))[0], p, 1e-13);
    }
  });

  test("gamma functions of negative arguments reflect", () => {
    for (const x of [0.1, 1.3, 2.7, 20.6]) {
      const [a, b] = numbers(special.gammaln(f64(x, 1 - x)));
      const sine = Math.abs(Math.sin(Math.PI * x));
      expectNear(a + b, Math.log(Math.PI / sine), 1e-11);
      const [c, d] = numbers(special.digamma(f64(x, 1 - x)));
      expect(c - d).toBeCloseTo(-Math.PI / Math.tan(Math.PI * x), 10);
    }
  });

  test("derivatives are those of the next function in the family, and finite at removable points", () => {
    const at = (f: (x: Value) => Value, x: number) =>
      numbers(vmap(grad(f))(f64(x)))[0];
    expectNear(at(special.gammaln, 3.3), numbers(special.digamma(f64(3.3)))[0], 1e-13); // prettier-ignore
    expectNear(at((x) => special.polygamma(1, x), 2), numbers(special.polygamma(2, f64(2)))[0], 1e-12); // prettier-ignore
    expect(at(special.i0, 0)).toBe(0);
    expect(at(special.i1, 0)).toBe(0.5);
    expect(at(special.spence, 1)).toBe(-1);
    expect(at((x) => special.xlogy(0, x), 2)).toBe(0);
    expect(at((x) => special.relEntr(x, 0.5), 0)).toBe(0);
    expect(at((x) => special.gammainc(2, x), 0)).toBe(0);
    expectNear(at(special.logNdtr, -1e6), 1e6, 1e-11);
  });

  test("the incomplete functions have second derivatives in their orders too", () => {
    const f = (v: Value) =>
      special.gammainc(np.sum(np.multiply(v, f64(1, 0))), np.sum(np.multiply(v, f64(0, 1)))); // prettier-ignore
    const h = numbers(hessian(f)(f64(2.5, 3)));
    expect(h.every(Number.isFinite)).toBe(true);
    expectNear(h[1], h[2], 1e-10);
  });

  test("softmax adds up to 1 over its axes, its logarithm beside it", () => {
    const x = array([[1, 2, -800], [0, 900, 3]], { dtype: "float64" }); // prettier-ignore
    for (const axis of [0, 1, [0, 1]]) {
      const y = special.softmax(x, { axis });
      for (const total of numbers(np.sum(y, { axis })))
        expectNear(total, 1, 1e-15);
    }
    const logs = special.logSoftmax(x, { axis: 1 });
    expectNear(numbers(logs)[2], -802.3132616875182, 1e-14);
  });

  test("refuses by name what has no meaning", () => {
    expect(() => special.multigammaln(3, 0)).toThrow(/multigammaln: .*0/);
    expect(() => special.bernoulli(-1)).toThrow(/bernoulli: .*-1/);
    expect(numbers(special.bernoulli(4))).toEqual([1, -0.5, 1 / 6, 0, -1 / 30].map(Math.fround)); // prettier-ignore
  });
});
