/** @file What a device cannot do, primitive by primitive, each with the reason its tests are skipped for. */
import type { Device } from "../../src/ad/index.ts";

export const exceptions: Partial<
  Record<Device, Readonly<Record<string, string>>>
> = {};
