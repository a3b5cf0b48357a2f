/** @file Parzen estimators: smooth densities over what was tried, on the unit interval and over lists.
 *
 * The interval is cut into cells, so that a density truncated at both ends is normalised by one sum.
 */

/** Density of one dimension as probabilities of equally wide cells, or of the choices of a list. */
export type Density = Float64Array;

const cells = 256;
export const cellOf = (unit: number): number =>
  Math.min(cells - 1, Math.floor(unit * cells));

/**
 * Equal parts of the uniform prior and of one Gaussian a point in [0, 1], truncated to it. A Gaussian is as wide as the
 * larger of the distances to its neighbours, the ends of the interval included (Bergstra et al. 2011, section 4.2), but
 * no narrower than the interval by the number of points.
 */
export function intervalDensity(points: readonly number[]): Density {
  const sorted = [0, ...[...points].sort((a, b) => a - b), 1];
  const narrowest = 1 / Math.min(100, points.length + 1);
  const density = new Float64Array(cells).fill(1 / cells);
  for (let k = 1; k < sorted.length - 1; k++) {
    const gap = Math.max(sorted[k] - sorted[k - 1], sorted[k + 1] - sorted[k]);
    const width = Math.max(gap, narrowest);
    const bump = density.map((_, i) =>
      Math.exp(-((((i + 0.5) / cells - sorted[k]) / width) ** 2) / 2),
    );
    const total = bump.reduce((sum, x) => sum + x, 0);
    bump.forEach((x, i) => (density[i] += x / total));
  }
  return normalised(density);
}

/** How often each of `count` choices was taken, each once more than it was. */
export function listDensity(taken: readonly number[], count: number): Density {
  const density = new Float64Array(count).fill(1);
  for (const i of taken) density[i]++;
  return normalised(density);
}

/** The place in [0, 1) below which a share `u` of the density lies; spread evenly within a cell. */
export function quantile(density: Density, u: number): number {
  let below = 0;
  for (let i = 0; i < density.length; i++) {
    if (u < below + density[i])
      return (i + (u - below) / density[i]) / density.length;
    below += density[i];
  }
  // The sum of all cells may miss 1 by rounding.
  return 1 - 2 ** -53;
}

function normalised(density: Float64Array): Density {
  const total = density.reduce((sum, x) => sum + x, 0);
  return density.map((x) => x / total);
}
