/** @file What a piece of work asks of a device, and which of the device's measured limits bounds it. */

/** What a device can do at best, each measured by itself. */
export interface DeviceLimits {
  /** Floating-point operations a second of one large matrix product. */
  readonly flopsPerSecond: number;
  /** Bytes read and written a second by a large elementwise operation. */
  readonly bytesPerSecond: number;
  /** What one more kernel costs that has next to nothing to compute. */
  readonly secondsPerKernel: number;
  readonly uploadBytesPerSecond: number;
  readonly downloadBytesPerSecond: number;
}

export interface Work {
  readonly flops: number;
  /** Weights that have to be read again in every step, since no step can begin before the last one has ended. */
  readonly weightBytes: number;
  readonly kernels: number;
  readonly uploadBytes: number;
  readonly downloadBytes: number;
}

export type Limit = "products" | "weights" | "kernels" | "transfer";

/** Seconds the work takes if it had only this to do. */
export const leastSeconds = (
  work: Work,
  limits: DeviceLimits,
): Record<Limit, number> => ({
  products: work.flops / limits.flopsPerSecond,
  weights: work.weightBytes / limits.bytesPerSecond,
  kernels: work.kernels * limits.secondsPerKernel,
  transfer:
    work.uploadBytes / limits.uploadBytesPerSecond +
    work.downloadBytes / limits.downloadBytesPerSecond,
});

/** A measured time so much shorter than a limit's disproves the limit: weights that stay in a cache, say. */
const disproved = 1.2;

/** The limit that alone takes longest, and which share of the measured time it explains. */
export function boundBy(
  seconds: number,
  least: Readonly<Record<Limit, number>>,
): { readonly limit: Limit; readonly share: number } {
  const ordered = (Object.entries(least) as [Limit, number][]).sort(
    (a, b) => b[1] - a[1],
  );
  const [limit, time] =
    ordered.find(([, time]) => time <= disproved * seconds) ??
    ordered[ordered.length - 1];
  return { limit, share: time / seconds };
}
