/** @file An engine of a tiny model, sequences for it, and the check of its results against plain loops. */
import { expect } from "vitest";
import type { Device } from "../../../src/ad/index.ts";
import { Engine } from "../../../src/unirep/engine/engine.ts";
import type { Finished } from "../../../src/unirep/engine/job.ts";
import { plainRun } from "../plain-model.ts";
import { eagerNetwork, error, tiny, tinyParams } from "../test-model.ts";

const network = eagerNetwork(tinyParams, "float32");
export const engineOn = (device: Device, threads = 1) =>
  new Engine(tiny, network, {
    task: "represent",
    device,
    precision: "float32",
    threads,
  });

/** A sequence of `length` letters, different for each `seed`. */
export const protein = (length: number, seed = 0) =>
  Array.from(
    { length },
    (_, i) => "ACDEFGHIKLMNPQRSTVWY"[(i * i + 7 * seed + i * seed) % 20],
  ).join("");

export function expectRight(finished: Finished, sequence: string): void {
  const plain = plainRun(tinyParams, sequence);
  const mean = finished.sum.map((x) => x / (sequence.length + 1));
  expect(error(mean, plain.hAvg)).toBeLessThan(1e-5);
  expect(error(finished.h, plain.hFinal)).toBeLessThan(1e-5);
  expect(error(finished.c, plain.cFinal)).toBeLessThan(1e-5);
}
