/** @file Task `study`: one part of a search for how to evotune, in a folder from which a later process can go on. */
import { readFile, stat, truncate } from "node:fs/promises";
import path from "node:path";
import { evotune, NotFiniteError, writeReport, type EvotuneEvent, type EvotuneOptions } from "../../../training/index.ts"; // prettier-ignore
import {
  hashFile,
  readSequences,
  type Weights,
} from "../../../unirep/index.ts";
import { BadInputError } from "../../handlers/work.ts";
import type { RunTask } from "../task-context.ts";
import type { TaskParams } from "../tasks.ts";
import { weightsOf } from "../weights.ts";
import { createTeller } from "./study-events.ts";

type Params = TaskParams<"study">;
type Part = Params["part"];
/** A line of study.jsonl. */
export type StudyLine = Exclude<
  EvotuneEvent,
  { readonly type: "trial step" | "final fit" }
>;

/** Steps between two checkpoints within an epoch; each step of a wide model takes many seconds on a CPU. */
const checkpointStepsOf = ({ config }: Weights): number =>
  config.units < 1000 ? 200 : 20;

/**
 * Runs the library's search from `folder` up to the end of `part`: `begin` writes the first lines of study.jsonl, `trial`
 * needs there the lines of all earlier groups and adds those of its own, `final` needs those of all trials, tunes the
 * model, and leaves its weights and report.html. The folder may be one that a killed process left; then only what it had
 * not kept is computed again, with the same result.
 */
export const runStudy: RunTask<"study"> = async (params, context) => {
  const { folder, part } = params;
  const file = path.join(folder, "study.jsonl");
  const known = await mendLines(file);
  if (part.type === "final") refuseWithoutTrial(known);
  const { model, licence } = params;
  const weights = await weightsOf(model, { licence });
  const checkpointSteps = checkpointStepsOf(weights);
  const teller = createTeller({ ...params, checkpointSteps });
  let old = known.length;
  try {
    const options = { ...evotuneOptions(params, context), weights, checkpointSteps }; // prettier-ignore
    for await (const event of evotune(sequencesOf(params, context), options)) {
      // A study that goes on first tells what it knows; an earlier activation has told it.
      const isNew = old-- <= 0;
      for (const told of teller.tell(event, isNew)) await context.tell(told);
      context.computed(tokensOf(event));
      if (isEndOf(part, event)) break;
    }
  } catch (error) {
    throw asBadInput(error);
  }
  const lines = await readLines(file);
  if (part.type !== "final")
    return {
      lines: lines.filter((line) => isLineOf(part, line)),
      weights: null,
    };
  const { size: bytes } = await stat(params.file);
  const input = { file: params.file, bytes, sha256: await hashFile(params.file) }; // prettier-ignore
  await writeReport(folder, { inputs: [input] });
  return { lines, weights: path.join(folder, "best.safetensors") };
};

function evotuneOptions(
  { folder, options, part }: Params,
  { signal, threads }: { readonly signal: AbortSignal; readonly threads: number }, // prettier-ignore
): EvotuneOptions {
  const { trials, folds, parallel, epochs, learningRate, seed } = options;
  const isFixed = typeof learningRate === "number";
  return {
    folder,
    resume: true,
    trials,
    folds,
    parallel,
    worker: part.type === "trial" ? (part.trial - 1) % parallel : 0,
    seed,
    ...(isFixed && { learningRate }),
    search: {
      epochs,
      ...(!isFixed && { learningRate: { ...learningRate, log: true } }),
    },
    threads,
    signal,
  };
}

const sequencesOf = (
  { file }: Params,
  { signal }: { readonly signal: AbortSignal },
) => readSequences([file], { signal });

function tokensOf(event: EvotuneEvent): number {
  const step = event.type === "final fit" ? event.event : event;
  return step.type === "step" || step.type === "trial step" ? step.tokens : 0;
}

const trialEnds: readonly string[] = ["finished", "pruned", "failed"];

/** Whether the part has nothing more to do after this line; the final one ends by itself. */
const isEndOf = (part: Part, event: EvotuneEvent): boolean =>
  part.type === "begin"
    ? event.type === "baseline"
    : part.type === "trial" &&
      trialEnds.includes(event.type) &&
      "trial" in event &&
      event.trial === part.trial;

const isLineOf = (part: Part, line: StudyLine): boolean =>
  part.type === "trial"
    ? "trial" in line && line.trial === part.trial
    : line.type === "study" || line.type === "baseline";

async function readLines(file: string): Promise<StudyLine[]> {
  const text = await readFile(file, "utf8");
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as StudyLine);
}

/** The lines of the file, none where there is none yet; a last one that was torn is cut off. */
async function mendLines(file: string): Promise<StudyLine[]> {
  const bytes = await readFile(file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  });
  if (bytes === null) return [];
  await truncate(file, bytes.lastIndexOf("\n") + 1);
  return readLines(file);
}

function refuseWithoutTrial(lines: readonly StudyLine[]): void {
  const trials = lines.filter(({ type }) => trialEnds.includes(type));
  if (trials.every(({ type }) => type === "failed"))
    throw new BadInputError(
      `evotuning: expected a trial with a finite loss, got none in ${trials.length}; choose smaller learning rates`,
    );
}

/** What the sequences or options are to blame for: training says so in a RangeError of its own, or its numbers do. */
function asBadInput(error: unknown): unknown {
  const isTheirs =
    error instanceof NotFiniteError ||
    (error instanceof RangeError && /^(evotune|fit): /.test(error.message));
  return isTheirs ? new BadInputError(error.message) : error;
}
