/** @file How well a top model predicts, in one line for people. */
import type { Metrics } from "../training/index.ts";

export function metricsLine(metrics: Metrics): string {
  const three = (x: number) => x.toFixed(3);
  return "r2" in metrics
    ? `R2 ${three(metrics.r2)}, RMSE ${metrics.rmse.toPrecision(4)}, Pearson ${three(metrics.pearson)}, Spearman ${three(metrics.spearman)}`
    : `AUROC ${three(metrics.auroc)}, accuracy ${(100 * metrics.accuracy).toFixed(1)} %, log loss ${three(metrics.logLoss)} nats`;
}
