/** @file How well predictions fit: correlations and errors of values, accuracy and ranking of classes. */
import type { Matrix } from "./matrix.ts";
import type { Targets } from "./types.ts";

export interface ValueMetrics {
  /** 1 - squared error / squared deviation from the mean. */
  readonly r2: number;
  /** In the target's units. */
  readonly rmse: number;
  /** NaN where either side is the same everywhere. */
  readonly pearson: number;
  /** Pearson's correlation of ranks; equal values share the mean of theirs. */
  readonly spearman: number;
}

export interface ClassMetrics {
  readonly accuracy: number;
  /** Mean of minus the natural log of the right class's probability; probabilities count as at least 1e-15. */
  readonly logLoss: number;
  /** Area under the ROC curve; of more than two classes the mean over each against the rest. */
  readonly auroc: number;
}

export type Metrics = ValueMetrics | ClassMetrics;

/** `predicted` (samples, 1) values, or (samples, classes) probabilities. */
export function metricsOf(targets: Targets, predicted: Matrix): Metrics {
  return targets.type === "values"
    ? valueMetrics(targets.values, predicted.data)
    : classMetrics(targets.labels, predicted);
}

export function valueMetrics(
  values: Float64Array,
  predicted: Float64Array,
): ValueMetrics {
  const n = values.length;
  const mean = values.reduce((sum, y) => sum + y, 0) / n;
  const deviation = values.reduce((sum, y) => sum + (y - mean) ** 2, 0);
  const error = values.reduce((sum, y, i) => sum + (y - predicted[i]) ** 2, 0);
  return {
    r2: 1 - error / deviation,
    rmse: Math.sqrt(error / n),
    pearson: pearson(values, predicted),
    spearman: pearson(ranks(values), ranks(predicted)),
  };
}

function pearson(a: Float64Array, b: Float64Array): number {
  const n = a.length;
  const meanA = a.reduce((sum, x) => sum + x, 0) / n;
  const meanB = b.reduce((sum, x) => sum + x, 0) / n;
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    ab += (a[i] - meanA) * (b[i] - meanB);
    aa += (a[i] - meanA) ** 2;
    bb += (b[i] - meanB) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

/** Places in ascending order from 1; equal values get the mean of theirs. */
export function ranks(x: Float64Array): Float64Array {
  const order = Int32Array.from(x, (_, i) => i).sort((a, b) => x[a] - x[b]);
  const out = new Float64Array(x.length);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && x[order[to]] === x[order[from]]) to++;
    for (let k = from; k < to; k++) out[order[k]] = (from + 1 + to) / 2;
    from = to;
  }
  return out;
}

function classMetrics(labels: Int32Array, predicted: Matrix): ClassMetrics {
  const { rows, columns, data } = predicted;
  let [hits, loss] = [0, 0];
  labels.forEach((label, i) => {
    const row = data.subarray(i * columns, (i + 1) * columns);
    const best = row.reduce((at, p, k) => (p > row[at] ? k : at), 0);
    hits += best === label ? 1 : 0;
    loss -= Math.log(Math.max(row[label], 1e-15));
  });
  // Of two classes each ranks as the other does, turned round.
  const ranked =
    columns === 2 ? [1] : Array.from({ length: columns }, (_, k) => k);
  const areas = ranked.map((k) =>
    auroc(
      labels.map((label) => Number(label === k)),
      Float64Array.from({ length: rows }, (_, i) => data[i * columns + k]),
    ),
  );
  return {
    accuracy: hits / rows,
    logLoss: loss / rows,
    auroc: areas.reduce((sum, area) => sum + area, 0) / areas.length,
  };
}

/** The share of (1, 0) pairs that are ranked rightly, ties half: Mann and Whitney's U. NaN where one side is empty. */
function auroc(isPositive: Int32Array, scores: Float64Array): number {
  const places = ranks(scores);
  const positives = isPositive.reduce((sum, x) => sum + x, 0);
  const negatives = isPositive.length - positives;
  const sum = places.reduce(
    (total, place, i) => total + place * isPositive[i],
    0,
  );
  return (sum - (positives * (positives + 1)) / 2) / (positives * negatives);
}
