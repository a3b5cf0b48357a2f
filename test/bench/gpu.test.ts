/** @file The GPU bench: which limit bounds a piece of work, and what the command prints. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  boundBy,
  leastSeconds,
  type Limit,
} from "../../bench/lib/gpu-bounds.ts";

const limits = {
  flopsPerSecond: 50e12,
  bytesPerSecond: 4e12,
  secondsPerKernel: 4e-6,
  uploadBytesPerSecond: 20e9,
  downloadBytesPerSecond: 10e9,
};
const none = {
  flops: 0,
  weightBytes: 0,
  kernels: 0,
  uploadBytes: 0,
  downloadBytes: 0,
};

describe("the time the limits allow", () => {
  test.each<[what: string, work: Partial<typeof none>, limit: Limit, seconds: number]>([
    ["operations over the rate of products", { flops: 1e12 }, "products", 0.02],
    ["weights read in every step over the bandwidth", { weightBytes: 256 * 72e6 }, "weights", 0.004608],
    ["kernels times what one costs", { kernels: 2500 }, "kernels", 0.01],
    ["both directions of a transfer, each at its own rate", { uploadBytes: 2e9, downloadBytes: 2e9 }, "transfer", 0.3],
  ])("is %s", (_what, work, limit, seconds) => {
    const least = leastSeconds({ ...none, ...work }, limits);
    expect(least[limit]).toBeCloseTo(seconds, 12);
    const others = Object.entries(least).filter(([name]) => name !== limit);
    expect(others.map(([, time]) => time)).toEqual([0, 0, 0]);
  }); // prettier-ignore
});

describe("what bounds a measured time", () => {
  test.each<[what: string, seconds: number, least: number[], limit: Limit, share: number]>([
    ["is the longest of the limits", 0.1, [0.08, 0.02, 0.01, 0.05], "products", 0.8],
    ["is the launch of kernels where little is computed", 0.02, [0.001, 0.005, 0.01, 0], "kernels", 0.5],
    ["may be the transfer of parameters", 1, [0.2, 0.1, 0.1, 0.6], "transfer", 0.6],
    ["may exceed it a little, for both are measured", 0.1, [0.11, 0.02, 0, 0], "products", 1.1],
    ["is no limit that the measurement disproves", 0.1, [0.06, 0.4, 0.01, 0], "products", 0.6],
    ["is the least disproved one where all are", 0.01, [0.03, 0.04, 0.02, 0.05], "kernels", 2],
  ])("%s", (_what, seconds, [products, weights, kernels, transfer], limit, share) => {
    const bound = boundBy(seconds, { products, weights, kernels, transfer });
    expect(bound.limit).toBe(limit);
    expect(bound.share).toBeCloseTo(share, 12);
  }); // prettier-ignore
});

describe("bench -- gpu", () => {
  const bench = (...args: string[]) =>
    spawnSync(
      process.execPath,
      ["--import", "tsx", "bench/main.ts", "gpu", ...args],
      { cwd: join(import.meta.dirname, "../.."), encoding: "utf8" },
    );

  test("measures a device, and every program at every number of lanes on it", () => {
    const sizes = ["--units", "16", "--lanes", "2,3", "--steps", "4"];
    const { stdout, stderr, status } = bench(
      ...["--device", "cpu", "--repeats", "3", "--json", ...sizes],
    );
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    const result = JSON.parse(stdout) as {
      device: string;
      limits: Record<string, number>;
      rows: Record<string, number>[];
    };
    expect(result.device).toBe("cpu");
    expect(result.limits.flopsPerSecond).toBeGreaterThan(0);
    expect(result.limits.productError).toBeLessThan(1e-5);
    expect(result.rows.map(({ name, lanes }) => [name, lanes])).toEqual([
      ["representation", 2],
      ["training step", 2],
      ["representation", 3],
      ["training step", 3],
    ]);
    const [row] = result.rows;
    expect(row.flops).toBe(2 * 2 * 4 * 5 * 16 * 16);
    expect(row.downloadBytes).toBe(4 * 2 * 16);
    expect(row.tokensPerSecond).toBeCloseTo((2 * 4) / row.seconds, 6);
  });

  test("says in one sentence why there is no device to measure, with exit code 1", () => {
    const { stdout, stderr, status } = bench("--device", "abacus");
    expect({ stdout, stderr, status }).toEqual({
      stdout: "",
      stderr:
        "gpu: no device to measure: abacus (expected one of js, cpu, webgpu, cuda, tfjs)\n",
      status: 1,
    });
  });
});
