/** @file The whole model in float64 with plain loops, written from the equations and sharing nothing with src/ad. */
import type { HostTensor, UniRepParams } from "../../src/unirep/params.ts";

export interface PlainResult {
  /** Top-layer hidden states: L + 1 of n. */
  readonly hidden: number[][];
  readonly hAvg: number[];
  readonly hFinal: number[];
  readonly cFinal: number[];
  /** L + 1, of the residues and stop. */
  readonly logProbs: number[];
  /** Fraction of targets that are the most probable class. */
  readonly accuracy: number;
}

const letters = "MRHKDESTNQCUGPAVIFYWLO";
const tokenOf = (letter: string) =>
  letters.includes(letter) ? letters.indexOf(letter) + 1 : 23;
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** w / |column of w| * g, as rows. */
function normalised({ shape, data }: HostTensor, g: HostTensor): number[][] {
  const [rows, columns] = shape;
  const out = Array.from({ length: rows }, () => new Array<number>(columns));
  for (let j = 0; j < columns; j++) {
    let squares = 0;
    for (let i = 0; i < rows; i++) squares += data[i * columns + j] ** 2;
    const norm = Math.sqrt(Math.max(squares, 1e-12));
    for (let i = 0; i < rows; i++)
      out[i][j] = (data[i * columns + j] / norm) * g.data[j];
  }
  return out;
}

/** x @ w for one row x. */
const times = (x: readonly number[], w: readonly (readonly number[])[]) =>
  w[0].map((_, j) => x.reduce((sum, xi, i) => sum + xi * w[i][j], 0));

/** One sequence of upper-case letters through the model `params`. */
export function plainRun(params: UniRepParams, sequence: string): PlainResult {
  const tokens = [24, ...[...sequence].map(tokenOf)];
  const e = params.embedding.shape[1];
  let inputs = tokens.map((token) =>
    Array.from(params.embedding.data.subarray(token * e, (token + 1) * e)),
  );
  let cFinal: number[] = [];
  for (const layer of params.layers) {
    const wx = normalised(layer.wx, layer.gx);
    const wh = normalised(layer.wh, layer.gh);
    const wmx = normalised(layer.wmx, layer.gmx);
    const wmh = normalised(layer.wmh, layer.gmh);
    const n = wmh.length;
    let h = new Array<number>(n).fill(0);
    let c = new Array<number>(n).fill(0);
    inputs = inputs.map((x) => {
      const fromH = times(h, wmh);
      const m = times(x, wmx).map((value, j) => value * fromH[j]);
      const fromM = times(m, wh);
      const z = times(x, wx).map((v, j) => v + fromM[j] + layer.b.data[j]);
      c = c.map(
        (cell, j) =>
          sigmoid(z[n + j]) * cell + sigmoid(z[j]) * Math.tanh(z[3 * n + j]),
      );
      h = c.map((cell, j) => sigmoid(z[2 * n + j]) * Math.tanh(cell));
      return h;
    });
    cFinal = c;
  }
  const { w, b } = params.head;
  const classes = b.data.length;
  let hits = 0;
  const logProbs = inputs.map((h, t) => {
    const logits = Array.from(b.data, (bias, k) =>
      h.reduce((sum, value, i) => sum + value * w.data[i * classes + k], bias),
    );
    const target = (tokens[t + 1] ?? 25) - 1;
    const most = Math.max(...logits);
    if (logits[target] === most) hits++;
    const total = logits.reduce((sum, x) => sum + Math.exp(x - most), 0);
    return logits[target] - most - Math.log(total);
  });
  return {
    hidden: inputs,
    hAvg: cFinal.map(
      (_, j) => inputs.reduce((sum, h) => sum + h[j], 0) / inputs.length,
    ),
    hFinal: inputs[inputs.length - 1],
    cFinal,
    logProbs,
    accuracy: hits / tokens.length,
  };
}
