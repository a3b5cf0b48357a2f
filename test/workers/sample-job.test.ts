/** @file Sampling jobs equal the library's own chains to the last byte, whatever ends their activations. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  test,
  vi,
} from "vitest";
import { openCompute } from "../../src/workers/compute/pool.ts";
import { sampleHandlers } from "../../src/workers/handlers/sample.ts";
import type { JobOptions, JobResult } from "../../src/workers/jobs/record.ts";
import {
  languageModelObjective,
  sampleChains,
  type ProposalRecord,
} from "../../src/training/index.ts";
import { loadWeights } from "../../src/unirep/index.ts";
import { proteins } from "../cli/run-cli.ts";
import {
  drive,
  type Disturb,
  type Disturbance,
  type Driven,
  type DriveOptions,
} from "./unit-driver.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const root = mkdtempSync(join(tmpdir(), "unirep-sample-job-"));
afterAll(() => rmSync(root, { recursive: true, maxRetries: 5 }));
afterEach(() => void vi.restoreAllMocks());

const weights = "unirep-ts-64";
const starts = proteins(2, { from: 20, to: 30 });
const options: JobOptions["sample"] = {
  steps: 40,
  chains: 3,
  temperature: 1,
  trustRadius: 4,
  seed: 5,
};
const start = (
  changed: Partial<JobOptions["sample"]> = {},
  more: Partial<DriveOptions<"sample">> = {},
): Promise<Driven> =>
  drive({
    root,
    kind: "sample",
    handlers: sampleHandlers,
    options: { ...options, ...changed },
    fasta: starts
      .map(({ id, sequence }) => `>${id} of a test\n${sequence}\n`)
      .join(""),
    weights,
    ...more,
  });

const result = async (job: Driven, disturb?: Disturb): Promise<JobResult> =>
  (await job.finish(disturb)) as JobResult;
const outcome = async (job: Driven, disturb?: Disturb) => {
  const { key, summary } = await result(job, disturb);
  return { summary, table: await text(await job.service.storage.read(key)) };
};

/** Every word of the task on its progress, and every chance to keep the folder, is taken: a second is over at each look. */
const fastClock = () => {
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => (now += 1000));
};

let undisturbed: Driven;
let whole: Awaited<ReturnType<typeof outcome>>;
beforeAll(async () => {
  undisturbed = await start();
  whole = await outcome(undisturbed);
});

describe("a sampling job", () => {
  test("gives every proposal of the library's own chains, which begin at its sequences in turn", async () => {
    const file = join(root, "own.jsonl");
    const objective = await languageModelObjective(
      await loadWeights({ weights }),
      { threads: 1 },
    );
    const { steps, seed, temperature, chains } = options;
    const starters = Array.from({ length: chains }, (_, k) => starts[k % 2]);
    const all = sampleChains(starters, objective.score, {
      steps,
      seed,
      temperature,
      trustRadius: 4,
      file,
    });
    for await (const _ of all);
    await objective.dispose();
    const lines = readFileSync(file, "utf8").trimEnd().split("\n").slice(1);
    const rows = lines.map((line) => {
      const { chain, step, sequence, score, accepted, reason, temperature } =
        JSON.parse(line) as ProposalRecord & { temperature: number | null };
      return [
        chain,
        starts[chain % 2].id,
        step,
        sequence,
        score ?? "",
        accepted,
        reason,
        temperature ?? "",
      ].join(",");
    });
    expect(rows).toHaveLength(3 * 41);
    expect(whole.table).toBe(
      [
        "chain,start,step,sequence,score,accepted,reason,temperature",
        ...rows,
        "",
      ].join("\n"),
    );
  });

  test("says how often its chains moved, and which row is the best of each", () => {
    const { summary, table } = whole;
    const rows = table
      .trimEnd()
      .split("\n")
      .slice(1)
      .map((row) => row.split(","));
    const moved = rows.filter((row) => row[6] === "accepted");
    expect(summary).toMatchObject({
      chains: 3,
      steps: 40,
      acceptedShare: moved.length / 120,
    });
    const bests = summary.bestOfChains as {
      chain: number;
      step: number;
      score: number;
      mutations: number;
    }[];
    for (const { chain, step, score, mutations } of bests) {
      const stood = rows.filter(
        (row) => row[0] === String(chain) && row[5] === "true",
      );
      expect(score).toBe(Math.max(...stood.map((row) => Number(row[4]))));
      const row = stood.find((one) => one[2] === String(step));
      expect(Number(row?.[4])).toBe(score);
      expect(mutations).toBeLessThanOrEqual(4);
    }
    const highest = bests.reduce((a, b) => (b.score > a.score ? b : a));
    expect(summary.best).toMatchObject(highest);
  });

  const ends: Disturbance[] = ["worker dies", "process dies", "shutdown"];
  test.each(ends)(
    "is the same to the last byte where again and again the %s",
    async (what) => {
      fastClock();
      const job = await start();
      let [seen, last] = [0, 3];
      const often: Disturb = () => {
        if (++seen < last) return "none";
        [seen, last] = [0, last + 6];
        return what;
      };
      expect(await outcome(job, often)).toEqual(whole);
      expect(job.starts()).toBeGreaterThan(3);
      expect(job.warnings).toEqual([]);
      expect(
        await job.service.storage.list(`jobs/${job.job.id}/snapshots`),
      ).toEqual([]);
    },
  );

  test("goes on from a folder that was kept, where a worker died", async () => {
    fastClock();
    const job = await start();
    let died = false;
    const after: number[] = [];
    const disturb: Disturb = ({ event }) => {
      if (event.type !== "progress") return "none";
      if (died) after.push(event.done);
      if (died || event.done < 100) return "none";
      died = true;
      return "worker dies";
    };
    expect(await outcome(job, disturb)).toEqual(whole);
    expect(after[0]).toBeGreaterThan(30);
  });

  test("has one unit alone, and a result that a second activation gives again", async () => {
    const before = undisturbed.starts();
    expect(await undisturbed.activate("main")).toEqual({
      type: "done",
      result: await result(undisturbed),
    });
    expect(undisturbed.starts()).toBe(before + 1);
    await expect(undisturbed.activate("other")).rejects.toThrow(
      "expected the unit main alone",
    );
  });

  test("cancelled stops within two seconds", async () => {
    const job = await start({ steps: 1_000_000 });
    let cancelledAt = Infinity;
    const stopped = job.activate("main", ({ event }) => {
      if (event.type !== "progress" || event.done < 9) return "none";
      cancelledAt = performance.now();
      return "cancel";
    });
    await expect(stopped).rejects.toThrow("cancelled");
    expect(performance.now() - cancelledAt).toBeLessThan(2000);
  });

  test("in a compute process that is killed is the same to the last byte", async () => {
    const pool = openCompute({
      processes: 1,
      threads: 1,
      memoryLimit: 8e9,
      warmModels: 1,
      cacheSize: 0,
      log: undisturbed.service.log,
    });
    try {
      const job = await start(
        {},
        { compute: pool, retry: (error) => error.name === "ComputeError" },
      );
      let killed = false;
      const disturb: Disturb = ({ event }) => {
        const [facts] = pool.facts();
        if (!killed && facts && event.type === "accepted") {
          killed = true;
          process.kill(facts.pid, "SIGKILL");
        }
        return "none";
      };
      expect(await outcome(job, disturb)).toEqual(whole);
      expect(killed).toBe(true);
    } finally {
      await pool.close(1000);
    }
  });

  test("refuses more sequences than chains, which would be left out", async () => {
    const job = await start({ chains: 1 });
    await expect(job.finish()).rejects.toMatchObject({
      name: "BadInputError",
      message:
        "sampling: expected at most as many sequences as chains (1), got more: each begins a chain",
    });
  });
});
