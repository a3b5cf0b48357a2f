/** @file A landscape small enough to enumerate: fields and couplings on short sequences, as numbers and relaxed. */
import { array, numpy as np, type Value } from "../../src/ad/index.ts";

export const letters = "ACD";
export const length = 3;

const field = (i: number, a: number): number =>
  0.9 * Math.sin(3 * i + 5 * a + 1);
const coupling = (i: number, j: number, a: number, b: number): number =>
  0.8 * Math.sin(7 * i + 2 * j + 3 * a + 11 * b);

export function energy(sequence: string): number {
  const s = [...sequence].map((x) => letters.indexOf(x));
  let sum = 0;
  for (let i = 0; i < s.length; i++) {
    sum += field(i, s[i]);
    for (let j = 0; j < i; j++) sum += coupling(i, j, s[i], s[j]);
  }
  return sum;
}

const A = letters.length;
const fields = array(Float32Array.from({ length: length * A }, (_, k) => field(Math.floor(k / A), k % A)), { shape: [length, A] }); // prettier-ignore
const couplings = array(
  Float32Array.from({ length: (length * A) ** 2 }, (_, k) => {
    const [row, column] = [Math.floor(k / (length * A)), k % (length * A)];
    const [i, j] = [Math.floor(row / A), Math.floor(column / A)];
    return j < i ? coupling(i, j, row % A, column % A) : 0;
  }),
  { shape: [length * A, length * A] },
);

/** The same of a relaxed sequence, (length, letters). */
export function relaxedEnergy(p: Value): Value {
  const flat = np.reshape(p, [length * A]);
  return np.add(
    np.sum(np.multiply(fields, p)),
    np.sum(np.multiply(flat, np.matmul(couplings, flat))),
  );
}

/** Every sequence of the landscape. */
export const all: readonly string[] = Array.from(
  { length: A ** length },
  (_, k) =>
    Array.from({ length }, (_, i) => letters[Math.floor(k / A ** i) % A]).join(
      "",
    ),
);

/** exp(energy / T), normalised over `among`. */
export function boltzmann(
  temperature: number,
  among: readonly string[],
): Map<string, number> {
  const weights = among.map((x) => Math.exp(energy(x) / temperature));
  const total = weights.reduce((a, b) => a + b);
  return new Map(among.map((x, i) => [x, weights[i] / total]));
}

/** Half the summed differences between counts, as shares, and probabilities. */
export function totalVariation(
  counts: ReadonlyMap<string, number>,
  expected: ReadonlyMap<string, number>,
): number {
  const total = [...counts.values()].reduce((a, b) => a + b);
  const names = new Set([...counts.keys(), ...expected.keys()]);
  return (
    [...names].reduce(
      (sum, x) =>
        sum + Math.abs((counts.get(x) ?? 0) / total - (expected.get(x) ?? 0)),
      0,
    ) / 2
  );
}

/** Pearson's statistic of counts against probabilities, and the value it exceeds once in ten thousand times. */
export function chiSquare(
  counts: ReadonlyMap<string, number>,
  expected: ReadonlyMap<string, number>,
): { statistic: number; limit: number } {
  const total = [...counts.values()].reduce((a, b) => a + b);
  let statistic = 0;
  for (const name of counts.keys()) if (!expected.has(name)) statistic = Infinity; // prettier-ignore
  for (const [name, p] of expected)
    statistic += ((counts.get(name) ?? 0) - p * total) ** 2 / (p * total);
  // Wilson and Hilferty's normal approximation; 3.719 is the normal quantile of 1 - 1e-4.
  const d = expected.size - 1;
  const limit = d * (1 - 2 / (9 * d) + 3.719 * Math.sqrt(2 / (9 * d))) ** 3;
  return { statistic, limit };
}

export function count<T>(items: Iterable<T>): Map<T, number> {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}
