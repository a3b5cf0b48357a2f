/** @file What a device cannot do, primitive by primitive, each with the reason its tests are skipped for. */
import type { Device } from "../../src/ad/index.ts";

/** Computed in float64 inside, whatever the dtype of the operands. */
const inFloat64 = [
  "lgamma", "digamma", "zeta", "logBeta", "gammaDensity", "betaDensity", "gammainc", "gammaincc", "betainc",
  "ndtri", "erfInv", "logNdtr", "normalHazard", "i0e", "i1e", "spence", "expi", "expn", "xlogy", "xlog1py", "entr",
]; // prettier-ignore
const noFloat64 = (device: Device) =>
  Object.fromEntries(
    inFloat64.map((name) => [name, `float64 inside, which ${device} has not`]),
  );

export const exceptions: Partial<
  Record<Device, Readonly<Record<string, string>>>
> = {
  tfjs: noFloat64("tfjs"),
};
