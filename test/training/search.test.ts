/** @file The search by itself: what it proposes, what it gives up, how it deals folds and keeps its file. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"; // prettier-ignore
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { uniforms } from "../../src/training/search/draws.ts";
import { makeFolds } from "../../src/training/search/folds.ts";
import { falls, rungs } from "../../src/training/search/halving.ts";
import { intervalDensity, quantile } from "../../src/training/search/parzen.ts";
import { checkSpace, fromUnit, toUnit, type Setting, type Space } from "../../src/training/search/space.ts"; // prettier-ignore
import { bestFirst, bestPoint, recordsOf, valueSoFar, verdict } from "../../src/training/search/standing.ts"; // prettier-ignore
import { StudyFile } from "../../src/training/search/study-file.ts";
import type { EpochLine, Line } from "../../src/training/search/study-lines.ts";
import { propose } from "../../src/training/search/tpe.ts";
import { proteins } from "../cli/run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "unirep-search-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Toy = readonly [name: string, space: Space, value: (s: Setting) => number];
const rate = { low: 1e-5, high: 1e-1, log: true };
const bowl = (x: unknown) => (Math.log10(x as number) + 2.7) ** 2;
const toys: readonly Toy[] = [
  ["a bowl over a learning rate", { rate }, (s) => bowl(s.rate)],
  [
    "a learning rate, a share and a choice",
    { rate, share: { low: 0, high: 1 }, kind: ["a", "b", ["c"], null] },
    (s) =>
      bowl(s.rate) +
      4 * ((s.share as number) - 0.3) ** 2 +
      (Array.isArray(s.kind) ? 0 : s.kind === "b" ? 0.2 : 0.7),
  ],
  [
    "Branin's function, which has three minima",
    { x: { low: -5, high: 10 }, y: { low: 0, high: 15 } },
    ({ x, y }) => {
      const [a, b] = [x as number, y as number];
      const ridge = b - (5.1 / (4 * Math.PI ** 2)) * a * a + (5 / Math.PI) * a - 6; // prettier-ignore
      return ridge ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(a) + 10;
    },
  ],
];

/** The lowest value of `budget` trials, informed by those before or not. */
function search(
  [, space, value]: Toy,
  seed: number,
  budget: number,
  informed: boolean,
): number {
  // prettier-ignore
  const tried: { setting: Setting; value: number }[] = [];
  for (let trial = 1; trial <= budget; trial++) {
    const before = informed ? tried.map((x) => x.setting) : [];
    const setting = propose(space, before, { seed, trial });
    tried.push({ setting, value: value(setting) });
    tried.sort((a, b) => a.value - b.value);
  }
  return tried[0].value;
}

describe("the estimator", () => {
  // 40 fair coins show 27 heads or more in 1.9 % of all cases; ties count for neither.
  test.each(toys)(
    "finds better values than random search of equal budget: %s",
    (...toy) => {
      const pairs = Array.from({ length: 40 }, (_, seed) =>
        [true, false].map((informed) => search(toy, seed, 40, informed)),
      );
      const wins = pairs.filter(([tpe, random]) => tpe < random).length;
      const losses = pairs.filter(([tpe, random]) => tpe > random).length;
      expect(wins / (wins + losses)).toBeGreaterThan(27 / 40);
    },
  );

  test("proposes the same for the same seed, trial and past, and stays in its space", () => {
    const [, space, value] = toys[1];
    const tried: Setting[] = [];
    const seen = new Set<string>();
    for (let trial = 1; trial <= 60; trial++) {
      const at = { seed: 9, trial };
      const setting = propose(space, tried, at);
      expect(propose(space, [...tried], at)).toEqual(setting);
      expect(setting.rate).toBeGreaterThanOrEqual(1e-5);
      expect(setting.rate).toBeLessThanOrEqual(1e-1);
      expect(space.kind).toContainEqual(setting.kind);
      seen.add(JSON.stringify(setting));
      // Settings come back from a file.
      tried.push(JSON.parse(JSON.stringify(setting)) as Setting);
      tried.sort((a, b) => value(a) - value(b));
    }
    expect(seen.size).toBeGreaterThan(55);
  });

  test("a density sums to one, and is high where points are", () => {
    const density = intervalDensity([0.2, 0.22, 0.8]);
    expect(density.reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 12);
    const at = (u: number) => density[Math.floor(u * density.length)];
    expect(at(0.2)).toBeGreaterThan(at(0.5));
    // Half of the mass lies below the median, counted cell by cell.
    const median = quantile(density, 0.5);
    const below = density.slice(0, Math.floor(median * density.length)).reduce((sum, x) => sum + x, 0); // prettier-ignore
    expect(below).toBeGreaterThan(0.48);
    expect(below).toBeLessThanOrEqual(0.5);
  });

  test("uniform numbers have the moments of uniform numbers", () => {
    const u = uniforms(3, 2 ** 33 + 5, 20_000);
    const mean = (f: (x: number) => number) => u.reduce((sum, x) => sum + f(x), 0) / u.length; // prettier-ignore
    // Four standard errors.
    expect(Math.abs(mean((x) => x) - 1 / 2)).toBeLessThan(4 * Math.sqrt(1 / 12 / u.length)); // prettier-ignore
    expect(Math.abs(mean((x) => x * x) - 1 / 3)).toBeLessThan(4 * Math.sqrt(4 / 45 / u.length)); // prettier-ignore
    expect(new Set(u).size).toBe(u.length);
  });

  test("a place in a range and its value are inverse, to the four digits kept", () => {
    for (const range of [rate, { low: 0, high: 1 }, { low: -5, high: 10 }])
      for (const unit of [0, 0.1, 0.5, 0.937, 1])
        expect(toUnit(range, fromUnit(range, unit))).toBeCloseTo(unit, 3);
  });

  test.each([
    [{ rate: { low: 0, high: 1, log: true } }, "expected rate from low to high, both above 0 for a logarithmic scale, got 0 to 1"],
    [{ rate: { low: 2, high: 1 } }, "expected rate from low to high, got 2 to 1"],
    [{ rate: { low: NaN, high: 1 } }, "expected rate from low to high, got NaN to 1"],
    [{ kind: [] }, "expected the choices of kind to be one or more different values, got []"],
    [{ kind: [1, 2, 1] }, "expected the choices of kind to be one or more different values, got [1,2,1]"],
  ] as [Space, string][])("refuses %j", (space, message) => {
    expect(() => checkSpace("search", space)).toThrow(`search: ${message}`);
  }); // prettier-ignore
});

const shape = { folds: 2, epochs: { low: 2, high: 9 } };
const epochLine = (trial: number, fold: number, epoch: number, crossEntropy: number, tokens = 100): EpochLine =>
  ({ type: "epoch", trial, fold, epoch, crossEntropy, perplexity: Math.exp(crossEntropy), accuracy: 0, tokens }); // prettier-ignore

describe("pruning", () => {
  test("compares at a 27th, a ninth and a third", () => {
    expect(rungs(81)).toEqual([3, 9, 27]);
    expect(rungs(4)).toEqual([1, 2]);
  });

  test("waits for three others, then keeps the best third", () => {
    expect(falls(9, [1, 2])).toBe(false);
    expect(falls(9, [1, 2, 3])).toBe(true);
    expect(falls(1.5, [1, 2, 3])).toBe(false);
    expect(falls(2.5, [1, 2, 3])).toBe(true);
    expect(falls(2.5, [1, 2, 3, 4, 5, 6])).toBe(false);
  });

  // 60 orders of 30 trials whose curves keep their rank, as those of one learning rate do.
  test("never ends the best of trials that keep their rank, and saves at least half of the epochs", () => {
    let trained = 0;
    for (let order = 0; order < 60; order++) {
      const u = uniforms(order, 0, 30);
      const lines: Line[] = [];
      for (let trial = 1; trial <= 30; trial++) {
        const quality = u[trial - 1];
        const others = recordsOf(lines);
        lines.push({ type: "trial", trial, setting: {} });
        const own: EpochLine[] = [];
        let end: ReturnType<typeof verdict> = null;
        for (let k = 0; k < 18 && end === null; k++) {
          const [fold, epoch] = [1 + Math.floor(k / 9), 1 + (k % 9)];
          own.push(epochLine(trial, fold, epoch, 2 + quality + 1 / epoch));
          end = verdict(own, others, shape);
        }
        trained += own.length;
        lines.push(...own);
        lines.push(end ? { type: "pruned", trial, ...end } : { type: "finished", trial, ...bestPoint(own, shape) }); // prettier-ignore
      }
      const [best] = bestFirst(recordsOf(lines));
      expect(best.end?.type).toBe("finished");
      expect(u[best.trial - 1]).toBe(Math.min(...u));
    }
    expect(trained / (60 * 30 * 18)).toBeLessThan(0.5);
  });

  test("a trial is worth its lowest epoch over the tokens of all folds, within the epochs allowed", () => {
    const epochs = [
      epochLine(1, 1, 1, 1.0, 300),
      epochLine(1, 1, 2, 2.0, 300),
      epochLine(1, 1, 3, 3.0, 300),
      epochLine(1, 2, 1, 1.0, 100),
      epochLine(1, 2, 2, 4.0, 100),
      epochLine(1, 2, 3, 0.5, 100),
    ];
    // (300 * 2 + 100 * 4) / 400 at epoch 2; (300 * 3 + 100 * 0.5) / 400 at epoch 3; epoch 1 may not be chosen.
    expect(bestPoint(epochs, shape)).toEqual({ epochs: 3, value: 2.375 });
    expect(valueSoFar(epochs, 3, shape)).toBe(1);
    expect(valueSoFar(epochs, 9 + 3, shape)).toBe((300 + 50) / 400);
  });

  test("ranks finished trials first, pruned ones by how far they came, failed ones last", () => {
    const trial = (n: number): Line => ({ type: "trial", trial: n, setting: {} }); // prettier-ignore
    const lines: Line[] = [
      ...[1, 2, 3, 4, 5, 6].map(trial),
      { type: "failed", trial: 1, fold: 1, reason: "" },
      { type: "pruned", trial: 2, resource: 1, value: 0.5 },
      { type: "pruned", trial: 3, resource: 3, value: 9 },
      { type: "finished", trial: 4, value: 3, epochs: 1 },
      { type: "finished", trial: 5, value: 2, epochs: 1 },
    ];
    expect(bestFirst(recordsOf(lines)).map((x) => x.trial)).toEqual([5, 4, 3, 2, 1]); // prettier-ignore
  });
});

describe("folds", () => {
  const texts = proteins(23).map((x) => x.sequence);
  const copies = [...texts, texts[3], texts[3], texts[7]];

  test("hold every sequence out once, its copies with it, in parts of equal size", () => {
    const folds = makeFolds(copies, 4, 1);
    expect(folds.flatMap((x) => x.validation).sort()).toEqual([...copies].sort()); // prettier-ignore
    for (const { training, validation } of folds) {
      expect(training.length + validation.length).toBe(copies.length);
      expect(training.filter((x) => validation.includes(x))).toEqual([]);
      expect([5, 6]).toContain(new Set(validation).size);
    }
  });

  test("follow the seed", () => {
    expect(makeFolds(texts, 4, 1)).toEqual(makeFolds(texts, 4, 1));
    expect(makeFolds(texts, 4, 1)).not.toEqual(makeFolds(texts, 4, 2));
  });

  test("need as many different sequences as folds", () => {
    expect(() => makeFolds(["MK", "MK", "MA"], 3, 0)).toThrow(
      "evotune: expected at least as many different sequences as folds (3), got 2",
    );
  });
});

describe("the study file", () => {
  const fresh = () => mkdtempSync(join(folder, "study-"));
  const line = (trial: number): Line => ({ type: "trial", trial, setting: { rate: 0.1 } }); // prettier-ignore

  test("gives every reader every line once, whoever wrote it", async () => {
    const place = fresh();
    const [a, b] = [await StudyFile.open(place, true), await StudyFile.open(place, false)]; // prettier-ignore
    await a.append(line(1));
    await b.append(line(2), line(3));
    expect(await a.news()).toEqual([line(1), line(2), line(3)]);
    expect(await a.news()).toEqual([]);
    expect(await b.news()).toEqual(a.lines);
  });

  test("drops a last line that was torn, and goes on behind the one before", async () => {
    const place = fresh();
    const file = join(place, "study.jsonl");
    const first = await StudyFile.open(place, true);
    await first.append(line(1));
    appendFileSync(file, JSON.stringify(line(2)).slice(0, 20));
    expect(await first.news()).toEqual([line(1)]);
    const again = await StudyFile.open(place, true);
    await again.append(line(2));
    await again.news();
    expect(again.lines).toEqual([line(1), line(2)]);
    expect(readFileSync(file, "utf8")).toBe(`${JSON.stringify(line(1))}\n${JSON.stringify(line(2))}\n`); // prettier-ignore
  });

  test("names a line within that is no JSON", async () => {
    const place = fresh();
    writeFileSync(join(place, "study.jsonl"), 'oops\n{"type":"trial"}\n');
    await expect(StudyFile.open(place, true)).rejects.toThrow(
      'study.jsonl: expected a JSON object in every line, got "oops"; delete the folder to start over',
    );
  });
});
