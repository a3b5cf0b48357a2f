/** @file The machine's own rate for the two matrix products of a cell: the limit an mLSTM can reach. */
import {
  array,
  jit,
  numpy as np,
  scan,
  type Array,
  type Jitted,
  type Value,
} from "../../src/ad/index.ts";
import type { ModelConfig } from "../../src/unirep/index.ts";
import { median } from "./stats.ts";

export interface GemmLimit {
  readonly lanes: number;
  /** Steps of `lanes` sequences a second, times lanes: residues a second if nothing else were computed. */
  readonly tokensPerSecond: number;
}

const steps = 16;

/**
 * Times the products h (lanes, n) @ (n, n) and m (lanes, n) @ (n, 4n) with constant weights, in a loop with nothing in it
 * but the cut that makes the one's result the other's operand.
 */
export class GemmMeter {
  readonly #times: Map<number, number[]>;
  readonly #run: Jitted<[Value], Value>;
  readonly #units: number;

  constructor(
    { units: n }: ModelConfig,
    laneCounts: readonly number[],
    threads: number,
  ) {
    // Entries of unit-norm columns: the repeated product neither grows nor fades.
    const random = (rows: number, columns: number) =>
      array(
        Float32Array.from(
          { length: rows * columns },
          () => (Math.random() - 0.5) * Math.sqrt(12 / rows),
        ),
        { shape: [rows, columns] },
      );
    const [wmh, wh] = [random(n, n), random(n, 4 * n)];
    this.#units = n;
    this.#times = new Map(laneCounts.map((lanes) => [lanes, []]));
    this.#run = jit(
      (h: Value) =>
        scan(
          (x: Value): [Value, null] => [
            np.split(np.matmul(np.matmul(x, wmh), wh), 4, 1)[0],
            null,
          ],
          h,
          null,
          { length: steps },
        )[0],
      { threads, symbolicShapes: ["lanes, _"] },
    );
  }

  /** Times every lane count `rounds` times more, after a round that warms up and is not counted. */
  async measure(rounds: number): Promise<void> {
    for (let round = 0; round <= rounds; round++) {
      for (const [lanes, times] of this.#times) {
        const seconds = await this.#time(lanes);
        if (round > 0) times.push(seconds);
      }
    }
  }

  /** Seconds of one step of `lanes` lanes. */
  async #time(lanes: number): Promise<number> {
    const h = array(new Float32Array(lanes * this.#units).fill(0.1), {
      shape: [lanes, this.#units],
    });
    const start = performance.now();
    await (this.#run(h) as Array).data();
    return (performance.now() - start) / 1000 / steps;
  }

  /** The best of the lane counts, each at the median of its timings. */
  limit(): GemmLimit {
    return [...this.#times]
      .map(([lanes, times]) => ({
        lanes,
        tokensPerSecond: lanes / median(times),
      }))
      .reduce((best, rate) =>
        rate.tokensPerSecond > best.tokensPerSecond ? rate : best,
      );
  }

  dispose(): Promise<void> {
    return this.#run.dispose();
  }
}
