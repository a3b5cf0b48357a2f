/** @file What the lines of a study say about its trials: values, curves, who is better, who must stop. */
import { falls, rungs } from "./halving.ts";
import type { Setting } from "./space.ts";
import type { EpochLine, Line, TrialEnd } from "./study-lines.ts";

/** The shape of a study that its trials have in common. */
export interface Shape {
  readonly folds: number;
  readonly epochs: { readonly low: number; readonly high: number };
}

export interface TrialRecord {
  readonly trial: number;
  readonly setting: Setting;
  readonly epochs: readonly EpochLine[];
  /** Null while it runs. */
  readonly end: TrialEnd | null;
}

export function recordsOf(lines: readonly Line[]): TrialRecord[] {
  const is = <T extends Line["type"]>(...types: readonly T[]) =>
    lines.filter((x): x is Extract<Line, { type: T }> =>
      (types as readonly string[]).includes(x.type),
    );
  const ends = is("pruned", "failed", "finished");
  const epochs = is("epoch");
  return is("trial")
    .map(({ trial, setting }) => ({
      trial,
      setting,
      epochs: epochs.filter((x) => x.trial === trial),
      end: ends.find((x) => x.trial === trial) ?? null,
    }))
    .sort((a, b) => a.trial - b.trial);
}

/** Epochs trained in all folds when `line` was written. */
const resourceOf = ({ fold, epoch }: EpochLine, { epochs }: Shape): number =>
  (fold - 1) * epochs.high + epoch;

/** Cross-entropy of all tokens of several evaluations. */
function pooled(lines: readonly EpochLine[]): number {
  const tokens = lines.reduce((sum, x) => sum + x.tokens, 0);
  return lines.reduce((sum, x) => sum + x.crossEntropy * x.tokens, 0) / tokens;
}

/** What a trial is worth up to one of its epochs: the lowest cross-entropy of each fold begun, over all their tokens. */
export function valueSoFar(
  epochs: readonly EpochLine[],
  resource: number,
  shape: Shape,
): number {
  const lowest = new Map<number, EpochLine>();
  for (const line of epochs) {
    if (resourceOf(line, shape) > resource) continue;
    const best = lowest.get(line.fold);
    if (!best || line.crossEntropy < best.crossEntropy)
      lowest.set(line.fold, line);
  }
  return pooled([...lowest.values()]);
}

/** Cross-entropy over the held-out sequences of all folds, by epoch; epochs that every fold has. */
export function meanCurve(
  epochs: readonly EpochLine[],
  { folds }: Shape,
): { readonly epoch: number; readonly crossEntropy: number }[] {
  const byEpoch = new Map<number, EpochLine[]>();
  for (const line of epochs)
    byEpoch.set(line.epoch, [...(byEpoch.get(line.epoch) ?? []), line]);
  return [...byEpoch]
    .filter(([, lines]) => lines.length === folds)
    .map(([epoch, lines]) => ({ epoch, crossEntropy: pooled(lines) }))
    .sort((a, b) => a.epoch - b.epoch);
}

/** The lowest point of a complete trial's mean curve, within the epochs that may be chosen. */
export function bestPoint(
  epochs: readonly EpochLine[],
  shape: Shape,
): { readonly epochs: number; readonly value: number } {
  const allowed = meanCurve(epochs, shape).filter(
    ({ epoch }) => epoch >= shape.epochs.low,
  );
  const best = allowed.reduce((a, b) =>
    b.crossEntropy < a.crossEntropy ? b : a,
  );
  return { epochs: best.epoch, value: best.crossEntropy };
}

/** If the trial must stop after the last of `epochs`: its resource and value there. Compares with `others` only. */
export function verdict(
  epochs: readonly EpochLine[],
  others: readonly TrialRecord[],
  shape: Shape,
): { readonly resource: number; readonly value: number } | null {
  const resources = epochs.map((line) => resourceOf(line, shape));
  const resource = resources[resources.length - 1];
  // Short epochs can step over a rung: the first one at or behind it counts.
  const before = resources.length > 1 ? resources[resources.length - 2] : 0;
  const passed = rungs(shape.folds * shape.epochs.high).some(
    (rung) => before < rung && rung <= resource,
  );
  if (!passed) return null;
  const values = others
    .filter((x) => x.epochs.some((e) => resourceOf(e, shape) >= resource))
    .map((x) => valueSoFar(x.epochs, resource, shape));
  const value = valueSoFar(epochs, resource, shape);
  return falls(value, values) ? { resource, value } : null;
}

/** Trials that have ended, best first: finished ones by value, then pruned ones by how far they came, failed ones last. */
export function bestFirst(records: readonly TrialRecord[]): TrialRecord[] {
  const key = ({ end }: TrialRecord): readonly number[] => {
    if (end?.type === "finished") return [0, 0, end.value];
    if (end?.type === "pruned") return [1, -end.resource, end.value];
    return [2, 0, 0];
  };
  return records
    .filter(({ end }) => end !== null)
    .sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      const i = x.findIndex((value, k) => value !== y[k]);
      return i === -1 ? a.trial - b.trial : x[i] - y[i];
    });
}
