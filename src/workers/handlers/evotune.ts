/** @file Handlers of evotuning jobs: the search as units of work, trial by trial, then the final fit and the tuned model. */
import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import type { TaskParams } from "../compute/tasks.ts";
import type { StudyLine } from "../compute/tasks/study.ts";
import type { JobOptions, JobResult } from "../jobs/record.ts";
import { keptWork, type KeptFolder } from "./kept-work.ts";
import { tellGrowing } from "./progress.ts";
import { fetchFile } from "./tables.ts";
import { addTunedModel, refuseBadName } from "./tuned-model.ts";
import type { Handlers, Work } from "./work.ts";

type EvotuneWork = Work<"evotune">;
type Part = TaskParams<"study">["part"];

/** What a unit has come to: where its lines of the study lie. */
interface PartResult {
  readonly lines: string;
}
type PartResults = ReadonlyMap<string, PartResult>;

/**
 * `main` asks for the unit `begin`, then for the trials, a group of `parallel` at a time, and makes the final fit when all
 * have ended. Units are put together in the order of their trials: equal jobs give equal studies, whatever was stopped in
 * between and wherever it went on.
 */
export const evotuneHandlers: Handlers<"evotune"> = {
  async main(work) {
    const results = (await work.results()) as PartResults;
    const units = nextUnits(work.job.options, results);
    if (units.length > 0) return { type: "children", units };
    return keptWork(work, (folder) => finalFit(work, results, folder));
  },

  unit: (work) =>
    keptWork(work, async (folder): Promise<PartResult> => {
      const part = partOf(work.unit);
      if (part.type === "begin") await refuseBadName(work);
      const results = (await work.results()) as PartResults;
      const { lines } = await runPart(work, part, results, folder);
      const { storage } = work.service;
      const key = `jobs/${work.job.id}/study/${work.unit}.${work.fence}.jsonl`;
      const lineTexts = lines.map((line) => `${JSON.stringify(line)}\n`);
      await storage.write(key, Buffer.from(lineTexts.join("")));
      return { lines: key };
    }),
};

const prefix = "trial-";
const unitOf = (trial: number): string => `${prefix}${trial}`;

function partOf(unit: string): Part {
  if (unit === "begin") return { type: "begin" };
  return { type: "trial", trial: Number(unit.slice(prefix.length)) };
}

/** The units of the first group that has not ended; none when all trials have. */
function nextUnits(
  { trials, parallel }: JobOptions["evotune"],
  results: PartResults,
): string[] {
  if (!results.has("begin")) return ["begin"];
  for (let before = 0; before < trials; before += parallel) {
    const count = Math.min(parallel, trials - before);
    const group = Array.from({ length: count }, (_, k) => unitOf(before + k + 1)); // prettier-ignore
    const missing = group.filter((unit) => !results.has(unit));
    if (missing.length > 0) return missing;
  }
  return [];
}

/** The units whose lines a part is to know: of the groups before its own. */
function unitsBefore(
  part: Part,
  { trials, parallel }: JobOptions["evotune"],
): string[] {
  if (part.type === "begin") return [];
  const ended = part.type === "final" ? trials : part.trial - 1 - ((part.trial - 1) % parallel); // prettier-ignore
  return ["begin", ...Array.from({ length: ended }, (_, k) => unitOf(k + 1))];
}

async function runPart(
  work: EvotuneWork,
  part: Part,
  results: PartResults,
  folder: KeptFolder,
) {
  const { job, service, signal } = work;
  const { storage, models } = service;
  if (folder.isFresh) {
    let study = "";
    for (const unit of unitsBefore(part, job.options))
      study += await text(await storage.read((results.get(unit) as PartResult).lines)); // prettier-ignore
    await writeFile(path.join(folder.path, "study.jsonl"), study);
  }
  const model = await models.open(job.model);
  const file = path.join(work.folder, "input.fasta");
  await fetchFile(service, job.input.key, file, { signal });
  const { licence } = job.model;
  const params = { model, licence, file, folder: folder.path, options: job.options, part }; // prettier-ignore
  return folder.run("study", params, tellGrowing(work));
}

async function finalFit(
  work: EvotuneWork,
  results: PartResults,
  folder: KeptFolder,
): Promise<JobResult> {
  const { job, fence, service, signal } = work;
  const { lines, weights } = await runPart(work, { type: "final" }, results, folder); // prettier-ignore
  if (weights === null)
    throw new Error("evotuning: expected the final fit to give weights, got none"); // prettier-ignore
  const store = async (file: string, name: string, extension: string) => {
    const key = `jobs/${job.id}/${name}.${fence}.${extension}`;
    const content = createReadStream(file);
    return { key, ...(await service.storage.write(key, content, { signal })) };
  };
  const inFolder = (name: string) => path.join(folder.path, name);
  const report = await store(inFolder("report.html"), "report", "html");
  const study = await store(inFolder("study.jsonl"), "study", "jsonl");
  const result = await store(weights, "result", "safetensors");
  const { sha256, ...facts } = factsOf(lines as readonly StudyLine[]);
  signal.throwIfAborted();
  const { setting, epochs } = facts.chosen;
  const model = await addTunedModel(work, { file: weights, sha256, setting, epochs }); // prettier-ignore
  return {
    ...result,
    format: "safetensors",
    summary: {
      sequences: job.input.sequences,
      residues: job.input.residues,
      ...facts,
      ...model,
      weights: sha256,
      report: report.key,
      study: study.key,
    },
  };
}

/** What the lines of a finished study say, in short. */
function factsOf(lines: readonly StudyLine[]) {
  const before = lines.find((x) => x.type === "baseline");
  const chosen = lines.find((x) => x.type === "chosen");
  const done = lines.find((x) => x.type === "done");
  if (!before || !chosen || !done)
    throw new Error("evotuning: expected a finished study, got one without its last lines"); // prettier-ignore
  const count = (type: StudyLine["type"]) =>
    lines.filter((line) => line.type === type).length;
  return {
    sha256: done.best.sha256,
    baseline: { crossEntropy: before.crossEntropy, perplexity: before.perplexity }, // prettier-ignore
    chosen: { trial: chosen.trial, setting: chosen.setting, epochs: chosen.epochs }, // prettier-ignore
    crossValidation: { crossEntropy: chosen.value, perplexity: Math.exp(chosen.value) }, // prettier-ignore
    trials: { finished: count("finished"), pruned: count("pruned"), failed: count("failed") }, // prettier-ignore
  };
}
