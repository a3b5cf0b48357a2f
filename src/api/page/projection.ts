/** @file Vectors as points of a plane: PCA at once, UMAP when asked. */
import { UMAP } from "umap-js";
import { principalComponents, type Matrix } from "./pca.ts";
import { random } from "./random.ts";

export type Method = "pca" | "umap";

export interface Plane {
  /** x and y of every row, one after the other. */
  readonly points: Float32Array;
  /** One sentence: what the axes are. */
  readonly about: string;
}

const neighbours = 15;
const seed = 1;

/** UMAP has no plane for fewer: its neighbours are what it keeps together. */
export const fewestForUmap = 4;

export function pca(matrix: Matrix): Plane {
  const { points, shares } = principalComponents(matrix);
  const [x, y] = shares.map((share) => `${(100 * share).toFixed(1)} %`);
  const about = `PCA: the axes show ${x} and ${y} of the variance.`;
  return { points, about };
}

/** `onProgress` is told the share that is done, from 0 to 1. */
export function umap(
  { values, rows, columns }: Matrix,
  onProgress: (share: number) => void,
): Plane {
  if (rows < fewestForUmap)
    throw new RangeError(`UMAP: expected at least ${fewestForUmap} sequences, got ${rows}`); // prettier-ignore
  const nNeighbors = Math.min(neighbours, rows - 1);
  const map = new UMAP({ nNeighbors, minDist: 0.1, random: random(seed) });
  const vectors = Array.from({ length: rows }, (_, row) =>
    Array.from(values.subarray(row * columns, (row + 1) * columns)),
  );
  const epochs = map.initializeFit(vectors);
  for (let epoch = 0; epoch < epochs; epoch++) {
    map.step();
    if (epoch % 10 === 0) onProgress(epoch / epochs);
  }
  return {
    points: Float32Array.from(map.getEmbedding().flat()),
    about: `UMAP of the ${columns}-dimensional vectors, ${nNeighbors} neighbours, seed ${seed}: distances between far groups mean little.`,
  };
}
