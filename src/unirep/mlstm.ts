/** @file The multiplicative LSTM on one page: one cell, for one sequence; lanes come from vmap, time from scan. */
import { numpy as np, tree, type Value } from "../ad/index.ts";
import type { MlstmParams } from "./params.ts";

/** Something for each gate: input, forget, output and update, which is their order in a weight file's columns. */
export interface Gates<T = Value> {
  readonly i: T;
  readonly f: T;
  readonly o: T;
  readonly u: T;
}

/** A layer ready to run: weights normalised, gains gone. d inputs, n units. */
export interface MlstmWeights<T = Value> {
  readonly wx: Gates<T>; // (d, n) each
  readonly wh: Gates<T>; // (n, n) each
  readonly wmx: T; // (d, n)
  readonly wmh: T; // (n, n)
  readonly b: Gates<T>; // (n) each
}

export interface MlstmState<T = Value> {
  readonly h: T; // (n)
  readonly c: T; // (n)
}

/** What one input adds to the intermediate state and to the gates; it does not depend on the state. */
export interface Projection<T = Value> {
  readonly m: T; // (n)
  readonly z: Gates<T>; // (n) each
}

/** Each column of w at unit length, times its gain; the squared length counts as at least 1e-12 (TensorFlow's l2_normalize). */
function weightNorm(w: Value, g: Value): Value {
  const squared = np.sum(np.multiply(w, w), { axis: 0, keepdims: true }); // (1, columns)
  return np.multiply(np.divide(w, np.sqrt(np.maximum(squared, 1e-12))), g);
}

/**
 * Gates are kept apart: one product for each leaves its result in the cache for the gate's own arithmetic, where a
 * single one of four times the width would have to be cut up first.
 */
function byGate(w: Value): Gates {
  const [i, f, o, u] = np.split(w, 4, -1);
  return { i, f, o, u };
}

/** Weight normalisation, done once: weights do not change while sequences run. */
export const normalizeWeights = (p: MlstmParams<Value>): MlstmWeights => ({
  wx: byGate(weightNorm(p.wx, p.gx)),
  wh: byGate(weightNorm(p.wh, p.gh)),
  wmx: weightNorm(p.wmx, p.gmx),
  wmh: weightNorm(p.wmh, p.gmh),
  b: byGate(p.b),
});

/** `a + x w` for every gate. */
const affine = (a: Gates, x: Value, w: Gates): Gates =>
  tree.map((a: Value, w: Value) => np.add(a, np.matmul(x, w)), a, w) as Gates;

/** The input's part of a step: x (d). */
export const project = (
  w: Pick<MlstmWeights, "wx" | "wmx" | "b">,
  x: Value,
): Projection => ({
  m: np.matmul(x, w.wmx), // (d) @ (d, n) -> (n)
  z: affine(w.b, x, w.wx), // (n) + (d) @ (d, n) each
});

/** One step (Krause et al. 2016, as in churchlab/UniRep). */
export function mlstmCell(
  w: Pick<MlstmWeights, "wh" | "wmh">,
  { h, c }: MlstmState,
  x: Projection,
): MlstmState {
  const m = np.multiply(x.m, np.matmul(h, w.wmh)); // (n)
  const { i, f, o, u } = affine(x.z, m, w.wh); // (n) + (n) @ (n, n) each
  const cell = np.add(
    np.multiply(np.sigmoid(f), c),
    np.multiply(np.sigmoid(i), np.tanh(u)),
  );
  return { h: np.multiply(np.sigmoid(o), np.tanh(cell)), c: cell };
}
