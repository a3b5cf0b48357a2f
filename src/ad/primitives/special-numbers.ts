/** @file Numbers that series of special functions are made of: Bernoulli and zeta numbers, factorials, Gauss nodes. */

export const eulerGamma = 0.5772156649015329;
export const halfLogTwoPi = Math.log(2 * Math.PI) / 2;

export const upTo = (n: number): number[] =>
  Array.from({ length: n }, (_, i) => i);

/** n! */
export const factorialOf = (n: number): number =>
  upTo(n).reduce((product, i) => product * (i + 1), 1);

/** zeta(s, q) for s > 1 and q > 0, by Euler and Maclaurin's sum (DLMF 25.11.5 after ten terms). */
export function hurwitz(s: number, q: number): number {
  const a = q + 10;
  const head = upTo(10).reduceRight((sum, k) => sum + (q + k) ** -s, 0);
  let factor = s / a;
  let tail = a / (s - 1) + 0.5;
  tailWeights.forEach((weight, j) => {
    tail += weight * factor;
    factor *= ((s + 2 * j + 1) * (s + 2 * j + 2)) / (a * a);
  });
  return head + a ** -s * tail;
}

/** B2, B4, ... B24: the even Bernoulli numbers (DLMF 24.2). */
export const bernoulliEven: readonly number[] = [
  1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510,
  43867 / 798, -174611 / 330, 854513 / 138, -236364091 / 2730,
]; // prettier-ignore

/** B_2j / (2j)!, the weights of Euler and Maclaurin's corrections. */
export const tailWeights: readonly number[] = bernoulliEven.map(
  (b, j) => b / factorialOf(2 * j + 2),
);

/** Nodes and weights of Gauss and Legendre's rule on 0..1 (DLMF 3.5.20), the nodes by Newton's method. */
export function gaussLegendre(n: number): { at: number[]; weight: number[] } {
  const rule = upTo(n).map((i) => {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 1;
    for (let step = 0; step < 8; step++) {
      let [before, value] = [1, x];
      for (let k = 2; k <= n; k++)
        [before, value] = [
          value,
          ((2 * k - 1) * x * value - (k - 1) * before) / k,
        ];
      slope = (n * (x * value - before)) / (x * x - 1);
      x -= value / slope;
    }
    return { at: (1 - x) / 2, weight: 1 / ((1 - x * x) * slope * slope) };
  });
  return { at: rule.map((r) => r.at), weight: rule.map((r) => r.weight) };
}
