/** @file Evotuning jobs equal the library's own search to the last byte, whatever ends their activations, and refuse what cannot be mended. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openCompute } from "../../src/workers/compute/pool.ts";
import { evotuneHandlers } from "../../src/workers/handlers/evotune.ts";
import type { JobOptions, JobResult } from "../../src/workers/jobs/record.ts";
import { evotune, type EvotuneOptions } from "../../src/training/index.ts";
import { customModel, initParams, loadWeights, writeSafetensorsFile } from "../../src/unirep/index.ts"; // prettier-ignore
import { proteins } from "../cli/run-cli.ts";
import { testWeights } from "../unirep/test-model.ts";
import { drive, type Disturb, type Disturbance, type Driven, type DriveOptions } from "./unit-driver.ts"; // prettier-ignore

// Every activation of a trial compiles its programs again.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const root = mkdtempSync(join(tmpdir(), "unirep-evotune-job-"));
afterAll(() => rmSync(root, { recursive: true, maxRetries: 5 }));

const config = customModel({ units: 8, layers: 1 });
const weights = join(root, "base.safetensors");
const records = proteins(24);
const fasta = (list: readonly { id: string; sequence: string }[]) =>
  list.map(({ id, sequence }) => `>${id}\n${sequence}\n`).join("");

const options: JobOptions["evotune"] = {
  trials: 2,
  folds: 2,
  parallel: 1,
  epochs: { low: 1, high: 3 },
  learningRate: { low: 1e-3, high: 1e-1 },
  seed: 3,
  modelName: "mine",
};
const start = (
  changed: Partial<JobOptions["evotune"]> = {},
  more: Partial<DriveOptions<"evotune">> = {},
): Promise<Driven> =>
  drive({ root, kind: "evotune", handlers: evotuneHandlers, options: { ...options, ...changed }, fasta: fasta(records), weights, ...more }); // prettier-ignore

const result = async (job: Driven, disturb?: Disturb): Promise<JobResult> =>
  (await job.finish(disturb)) as JobResult;
const bytesOf = async ({ service }: Driven, key: unknown): Promise<string> =>
  (await buffer(await service.storage.read(key as string))).toString("latin1");
const outcome = async (job: Driven, disturb?: Disturb) => {
  const { key, summary } = await result(job, disturb);
  return {
    weights: await bytesOf(job, key),
    study: await bytesOf(job, summary.study),
    report: await bytesOf(job, summary.report),
  };
};

/** The library's own search, in as many parts as trials go side by side. */
async function library({ parallel, learningRate, ...same }: JobOptions["evotune"]) {
  const folder = mkdtempSync(join(root, "library-"));
  const { modelName: _, epochs, ...rest } = same;
  const loaded = await loadWeights({ weights });
  const range = learningRate as { low: number; high: number };
  const part = async (worker: number) => {
    const all: EvotuneOptions = { ...rest, weights: loaded, folder, parallel, worker, threads: 1, search: { epochs, learningRate: { ...range, log: true } } };
    for await (const _event of evotune(records, all));
  };
  await Promise.all(Array.from({ length: parallel }, (_, k) => part(k)));
  const read = (name: string) => readFileSync(join(folder, name)).toString("latin1");
  return { weights: read("best.safetensors"), study: read("study.jsonl") };
} // prettier-ignore

/** Ends activations after 3, 11, 19, ... events of theirs. */
function often(what: Disturbance): Disturb {
  let [seen, last] = [0, 3];
  return () => {
    if (++seen < last) return "none";
    [seen, last] = [0, last + 8];
    return what;
  };
}

let whole: { weights: string; study: string; report: string };
let undisturbed: Driven;
beforeAll(async () => {
  const made = testWeights(config, initParams(config, { seed: 3, style: "original" })); // prettier-ignore
  await writeSafetensorsFile(weights, {
    ...made,
    info: { ...made.info, licence: "CC-BY-4.0" },
  });
  undisturbed = await start();
  whole = await outcome(undisturbed);
});

describe("an evotuning job", () => {
  test("gives the weights and the study of the library's own search, to the last byte", async () => {
    const { weights, study } = await library(options);
    expect(whole.weights).toBe(weights);
    expect(whole.study).toBe(study);
    expect(whole.report).toContain("Evotuning of");
  });

  test("adds its model once, with the licence of its base and where it comes from", async () => {
    const { summary, format } = await result(undisturbed);
    expect(format).toBe("safetensors");
    expect(summary).toMatchObject({
      model: "mine",
      trials: { failed: 0 },
      warnings: [],
    });
    const [model, ...others] = undisturbed.models.values();
    expect(others).toEqual([]);
    expect(model).toMatchObject({ id: "mine", owner: "owner", source: "tuned", licence: "CC-BY-4.0", job: undisturbed.job.id, sha256: summary.weights }); // prettier-ignore
    expect(model.provenance).toContain(
      `from test-1x8 (SHA-256 ${undisturbed.job.model.sha256}) on 24 sequences (SHA-256 of their FASTA ${undisturbed.job.input.sha256}), learningRate`,
    );
  });

  test("tells trials, validations, steps and progress that only grows", () => {
    const told = undisturbed.events.map(({ event }) => event);
    const trials = told.filter((event) => event.type === "trial");
    expect(trials.map(({ trial }) => trial)).toEqual([1, 1, 2, 2]);
    expect(trials.filter(({ outcome }) => outcome !== null)).toHaveLength(2);
    const [before] = told.filter((event) => event.type === "validation");
    expect(before).toMatchObject({ trial: null, epoch: 0 });
    const done = told.flatMap((event) => (event.type === "progress" ? [event.done] : [])); // prettier-ignore
    expect(done.length).toBeGreaterThan(3);
    expect(done).toEqual([...new Set(done)].sort((a, b) => a - b));
  });

  const ends = ["worker dies", "process dies", "shutdown"] as const;
  test.each(ends)("is the same to the last byte where again and again the %s", async (what) => {
    const job = await start();
    expect(await outcome(job, often(what))).toEqual(whole);
    expect(job.starts()).toBeGreaterThan(undisturbed.starts() + 2);
    expect(job.warnings).toEqual([]);
    const left = await job.service.storage.list(`jobs/${job.job.id}/snapshots`);
    expect(left).toEqual([]);
  }); // prettier-ignore

  test("is the same where the worker dies before and after each moment at which the folder is kept", async () => {
    const job = await start();
    const met = new Map<string, number>();
    let isAfter = false;
    const disturb: Disturb = ({ event, save }, unit) => {
      const moment = `${unit} ${JSON.stringify(event)}`;
      const times = (met.get(moment) ?? 0) + 1;
      if (save) met.set(moment, times);
      const dies = isAfter || (save && times === 1);
      isAfter = save && times === 2;
      return dies ? "worker dies" : "none";
    };
    expect(await outcome(job, disturb)).toEqual(whole);
    expect(met.size).toBeGreaterThan(4);
  });

  test("repeats no more than one epoch of a trial after its worker died", async () => {
    // Saving takes no time here, so that it is never put off.
    const clock = vi.spyOn(performance, "now").mockReturnValue(0);
    const job = await start({ trials: 1 });
    const epochs: string[] = [];
    const disturb: Disturb = ({ event }, unit) => {
      if (unit !== "trial-1" || event.type !== "validation") return "none";
      epochs.push(`${event.fold}.${event.epoch}`);
      return epochs.length === 6 ? "worker dies" : "none";
    };
    await job.finish(disturb);
    clock.mockRestore();
    expect(epochs).toEqual(["1.1", "1.2", "1.3", "2.1", "2.2", "2.3", "2.3"]);
  });

  test("with trials side by side equals the library's own in two processes, the later trial ending first", async () => {
    const two = { ...options, trials: 3, parallel: 2 };
    const job = await start(two);
    const first = await job.activate("main");
    expect(first).toEqual({ type: "children", units: ["begin"] });
    await job.activate("begin");
    expect(await job.activate("main")).toEqual({ type: "children", units: ["trial-1", "trial-2"] }); // prettier-ignore
    await job.activate("trial-2");
    await expect(job.activate("trial-1", often("shutdown"))).rejects.toThrow("shutdown"); // prettier-ignore
    expect(await job.activate("main")).toEqual({ type: "children", units: ["trial-1"] }); // prettier-ignore
    const { weights, study } = await outcome(job);
    const own = await library(two);
    const sorted = (text: string) => text.trimEnd().split("\n").sort();
    expect(weights).toBe(own.weights);
    expect(sorted(study)).toEqual(sorted(own.study));
    // Whichever trial was faster, the lines are in the trials' order.
    const order = study.matchAll(/"type":"trial","trial":(\d)/g);
    expect([...order].map((found) => found[1])).toEqual(["1", "2", "3"]);
  });

  test("counts only the latest activation of a trial: one that wakes up after it is refused and changes nothing", async () => {
    const job = await start();
    await job.activate("begin");
    const asleep = sleepAt(7);
    const old = job.activate("trial-1", asleep.disturb);
    await asleep.reached;
    await job.activate("trial-1");
    asleep.wake();
    await expect(old).rejects.toThrow("a later activation has begun");
    expect(await outcome(job)).toEqual(whole);
  });

  test("cancelled stops within two seconds", async () => {
    const job = await start({ epochs: { low: 1, high: 1000 } });
    await job.activate("begin");
    let seen = 0;
    let cancelledAt = Infinity;
    const stopped = job.activate("trial-1", () => {
      if (++seen !== 20) return "none";
      cancelledAt = performance.now();
      return "cancel";
    });
    await expect(stopped).rejects.toThrow("cancelled");
    expect(performance.now() - cancelledAt).toBeLessThan(2000);
  });

  test("in a compute process that is killed twice is the same to the last byte", async () => {
    const pool = openCompute({ processes: 1, threads: 1, memoryLimit: 8e9, warmModels: 1, cacheSize: 0, log: undisturbed.service.log }); // prettier-ignore
    try {
      const job = await start({}, { compute: pool, retry: (error) => error.name === "ComputeError" }); // prettier-ignore
      let [seen, killed] = [0, 0];
      const disturb: Disturb = ({ event }) => {
        const [facts] = pool.facts();
        if (event.type === "step" && ++seen % 9 === 0 && killed < 2 && facts) {
          killed++;
          process.kill(facts.pid, "SIGKILL");
        }
        return "none";
      };
      expect(await outcome(job, disturb)).toEqual(whole);
      expect(killed).toBe(2);
    } finally {
      await pool.close(1000);
    }
  });
});

function sleepAt(count: number) {
  let seen = 0;
  let wake!: () => void;
  let reach!: () => void;
  const awake = new Promise<void>((resolve) => (wake = resolve));
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const disturb: Disturb = () => {
    if (++seen !== count) return "none";
    reach();
    return awake;
  };
  return { disturb, reached, wake };
}

describe("an evotuning job refuses", () => {
  const wrong: [what: string, changed: Partial<JobOptions["evotune"]>, message: string][] = [
    ["more folds than sequences", { folds: 25 }, "evotune: expected at least as many different sequences as folds (25), got 24"],
    ["learning rates of which none gives a finite loss", { learningRate: 1e30, trials: 2 }, "evotuning: expected a trial with a finite loss, got none in 2; choose smaller learning rates"],
  ]; // prettier-ignore
  test.each(wrong)(
    "%s, as input that no repetition can mend",
    async (_what, changed, message) => {
      const job = await start(changed);
      const failed = job.finish();
      await expect(failed).rejects.toMatchObject({ name: "BadInputError", message }); // prettier-ignore
    },
  );

  test.each([
    [
      "mine",
      "evotuning: expected an id for the tuned model that is free, got mine; choose another modelName",
    ],
    ["../mine", "models: expected an id of 3 to 64 lower-case letters"],
    [
      "unirep-ts-64",
      "models: expected an id that is free, got unirep-ts-64, which is reserved",
    ],
  ])(
    "%s as an id for its model, before anything is computed",
    async (modelName, message) => {
      const job = await start({ modelName });
      takeId(job);
      await expect(job.finish()).rejects.toMatchObject({
        name: "BadInputError",
        message: expect.stringContaining(message) as string,
      });
      expect(job.events).toEqual([]);
    },
  );

  test("no weights whose id was taken while it ran: they get a longer id, and it says so", async () => {
    const job = await start({ trials: 1 });
    const { summary } = await result(job, (_event, unit) => {
      if (unit === "main") takeId(job);
      return "none";
    });
    const longer = `mine-${job.job.id.slice(0, 8)}`;
    expect(summary).toMatchObject({
      model: longer,
      warnings: [
        `the id mine was taken while the job ran; the model is ${longer}`,
      ],
    });
    expect(job.models.get(longer)?.sha256).toBe(summary.weights);
  });
});

function takeId({ models }: Driven): void {
  const [tuned] = undisturbed.models.values();
  models.set("mine", { ...tuned, job: "another" });
}
