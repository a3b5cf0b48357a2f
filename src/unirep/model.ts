/** @file The UniRep models as data: 64, 256, 1900 and any custom width and depth. */

/** Architecture of an mLSTM language model over the UniRep alphabet. */
export interface ModelConfig {
  /** Short name used in files and on the command line, e.g. `"1900"`. */
  readonly name: string;
  /** Hidden units of every layer (n). */
  readonly units: number;
  /** Stacked mLSTM layers; layer k > 0 reads the hidden state of layer k - 1. */
  readonly layers: number;
  /** Width of the token embedding (e). */
  readonly embedding: number;
}

/** The three published architectures: 1900 is one layer, 256 and 64 are stacks of four (churchlab/UniRep `unirep.py`). */
export const models = {
  "64": { name: "64", units: 64, layers: 4, embedding: 10 },
  "256": { name: "256", units: 256, layers: 4, embedding: 10 },
  "1900": { name: "1900", units: 1900, layers: 1, embedding: 10 },
} as const satisfies Record<string, ModelConfig>;

export type ModelName = keyof typeof models;

/** A model of any width and depth; the name says both. */
export function customModel(options: {
  units: number;
  layers?: number;
  embedding?: number;
}): ModelConfig {
  const { units, layers = 1, embedding = 10 } = options;
  for (const [name, value] of Object.entries({ units, layers, embedding })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(
        `customModel: ${name} must be a positive integer, got ${value}`,
      );
    }
  }
  return { name: `${layers}x${units}`, units, layers, embedding };
}

/** Floating-point operations of the recurrent products of one step of one sequence. */
export const flopsPerStep = ({ units: n, layers }: ModelConfig): number =>
  // h wmh and m wh in every layer; the layers above the first also project their input.
  2 * (5 * n * n * layers + 5 * n * n * (layers - 1));
