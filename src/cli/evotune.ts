/** @file `unirep evotune`: searches how to tune a model to sequence files, tunes it, and reports. */
import path from "node:path";
import { Option, type Command } from "commander";
import type { EvotuneEvent, EvotuneOptions, EvotuneResult, FreezableGroup } from "../training/index.ts"; // prettier-ignore
import { startWorkers, whileLed, workerNumber } from "./evotune-workers.ts";
import { Interrupted } from "./exit-codes.ts";
import { interruptible } from "./interruptible.ts";
import { positiveInteger } from "./options.ts";
import { divide, valueOrList, valueOrRange, type Searched } from "./search-options.ts"; // prettier-ignore
import { groups, integerFrom0, numberFrom0, positiveNumber, trainingCommand, type TrainingOptions } from "./training-options.ts"; // prettier-ignore

interface EvotuneCommandOptions extends TrainingOptions {
  readonly trials?: number;
  readonly folds?: number;
  readonly epochsMin?: number;
  readonly epochsMax?: number;
  readonly parallel?: number;
  readonly lr?: Searched<number>;
  readonly weightDecay?: Searched<number>;
  readonly clip?: Searched<number>;
  readonly warmup?: Searched<number>;
  readonly freeze?: Searched<FreezableGroup[]>;
  readonly lanes?: Searched<number>;
  readonly window?: Searched<number>;
  readonly accumulate?: Searched<number>;
}

const ownOptions = (): Option[] => [
  new Option("--trials <n>", "settings to try (default: 20)").argParser(positiveInteger),
  new Option("--folds <n>", "parts of the input, each held out once by every trial (default: 5)").argParser(positiveInteger),
  new Option("--epochs-min <n>", "fewest epochs of the final fit (default: 1)").argParser(positiveInteger),
  new Option("--epochs-max <n>", "epochs of every trial, and most of the final fit (default: 10)").argParser(positiveInteger),
  new Option("--parallel <n>", "trials at the same time, each in a process of its own (default: 1)").argParser(positiveInteger),
  new Option("--lr <values>", "learning rates: LOW..HIGH, A/B/C or one (default: 1e-5..1e-2)").argParser(valueOrRange(positiveNumber, { log: true })),
  new Option("--weight-decay <values>", "LOW..HIGH, A/B/C or one (default: 0.01)").argParser(valueOrRange(numberFrom0, { log: false })),
  new Option("--clip <values>", "longest gradient: LOW..HIGH, A/B/C or one (default: 1)").argParser(valueOrRange(positiveNumber, { log: true })),
  new Option("--warmup <values>", "steps in which the learning rate grows from zero: A/B/C or one (default: 0)").argParser(valueOrList(integerFrom0)),
  new Option("--freeze <values>", "groups that stay as they are, such as embedding,layer0; choices with /, none for none").argParser(valueOrList((text) => (text === "none" ? [] : groups(text)))),
  new Option("--lanes <values>", "sequences side by side: A/B/C or one (default: by the width of the model and the size of the input)").argParser(valueOrList(positiveInteger)),
  new Option("--window <values>", "tokens of each lane that a gradient sees: A/B/C or one (default: 256)").argParser(valueOrList(positiveInteger)),
  new Option("--accumulate <values>", "windows whose gradients make one step: A/B/C or one (default: 1)").argParser(valueOrList(positiveInteger)),
]; // prettier-ignore

export function evotuneCommand(): Command {
  return trainingCommand(
    "evotune",
    "search how to tune a model to a family by cross-validation, tune it on all of it, and report",
    ownOptions(),
    [
      "unirep evotune family.fasta -o tuned --model 64",
      "unirep evotune family.fasta -o tuned --model 64 --trials 30 --folds 3 --epochs-max 20 --resume",
      "unirep evotune family.fasta -o tuned --model 256 --lr 1e-4..1e-2 --weight-decay 0/0.01/0.1 --freeze none/embedding",
      "unirep score proteins.fasta --weights tuned/best.safetensors",
    ],
  ).action((inputs: string[], options: EvotuneCommandOptions, command: Command) => {
    const { epochsMin = 1, epochsMax = 10, folds = 5 } = options;
    if (epochsMin > epochsMax)
      command.error(`error: expected --epochs-min not above --epochs-max, got ${epochsMin} and ${epochsMax}`);
    if (folds < 2) command.error("error: expected --folds to be at least 2, got 1");
    if ((options.parallel ?? 1) > 1 && inputs.includes("-"))
      command.error("error: --parallel needs files: several processes cannot read one standard input");
    return interruptible((signal) =>
      workerNumber() === 0
        ? lead(inputs, options, signal)
        : whileLed(signal, (led) => help(inputs, options, led)),
    );
  }); // prettier-ignore
}

async function lead(
  inputs: readonly string[],
  options: EvotuneCommandOptions,
  stop: AbortSignal,
): Promise<void> {
  const { evotune, writeReport } = await import("../training/index.ts");
  const { startClock } = await import("./finish.ts");
  const { readAll } = await import("./training-input.ts");
  const { finishTraining } = await import("./training-summary.ts");
  const clock = startClock();
  const { parallel = 1, output: folder } = options;
  const failure = new AbortController();
  const signal = AbortSignal.any([stop, failure.signal]);
  const { records, account } = await readAll(inputs, options, signal);
  const stopWorkers = startWorkers(parallel, (error) => failure.abort(error));
  let found: Followed;
  try {
    const events = evotune(records, { ...evotuneOptions(options), signal });
    found = await follow(events, options, signal);
  } finally {
    await stopWorkers();
  }
  const reports = await writeReport(folder, { inputs: account.files });
  const { result, initial, before, trials } = found;
  const { chosen, best, final } = result;
  const { setting, epochs, value } = chosen;
  const after = Math.exp(value);
  finishTraining(
    {
      command: "evotune",
      options,
      account,
      initial,
      best,
      final,
      seconds: clock(),
      output: [...["best.safetensors", "final.safetensors", "study.jsonl"].map((x) => path.join(folder, x)), ...reports], // prettier-ignore
    },
    {
      values: {
        trials,
        chosen: { trial: chosen.trial, setting, epochs },
        crossValidation: { crossEntropy: value, perplexity: after },
        perplexityBefore: before,
      },
      lines: [
        `chosen: trial ${chosen.trial}, ${describe(setting)}, ${epochs} epochs`,
        `perplexity of held-out sequences ${before.toFixed(3)} before, ${after.toFixed(3)} after (cross-validation)`,
        `trials: ${trials.finished} finished, ${trials.pruned} pruned, ${trials.failed} failed`,
      ],
    },
  );
}

/** Takes trials beside the leading process, which tells what happens. */
async function help(
  inputs: readonly string[],
  options: EvotuneCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  const { evotune } = await import("../training/index.ts");
  const { readInput } = await import("./input.ts");
  const { records } = readInput(inputs, options, signal, false);
  const events = evotune(records, {
    ...evotuneOptions(options),
    worker: workerNumber(),
    signal,
  });
  for await (const _ of events);
}

/** The options as `evotune` calls them. */
function evotuneOptions(options: EvotuneCommandOptions): EvotuneOptions {
  const { epochsMin = 1, epochsMax = 10 } = options;
  const { fixed, search } = divide({
    learningRate: options.lr,
    weightDecay: options.weightDecay,
    clipNorm: options.clip,
    warmupSteps: options.warmup,
    frozen: options.freeze,
    lanes: options.lanes,
    window: options.window,
    accumulate: options.accumulate,
  });
  return {
    ...fixed,
    search: { ...search, epochs: { low: epochsMin, high: epochsMax } },
    folder: options.output,
    resume: options.resume,
    trials: options.trials,
    folds: options.folds,
    parallel: options.parallel,
    model: options.model,
    weights: options.weights,
    optimizer: options.optimizer,
    seed: options.seed,
    rematerialize: options.rematerialize,
    checkpointSteps: options.checkpointSteps,
    device: options.device,
    threads: options.threads,
  };
}

interface Followed {
  readonly result: EvotuneResult;
  readonly initial: { readonly id: string; readonly sha256: string };
  /** Perplexity under the weights that training began with. */
  readonly before: number;
  readonly trials: Record<"finished" | "pruned" | "failed", number>;
}

const describe = (setting: Readonly<Record<string, unknown>>): string =>
  Object.entries(setting)
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
    .join(", ");

/** Shows the events; an interruption says how to go on. */
async function follow(
  events: AsyncGenerator<EvotuneEvent, EvotuneResult | null>,
  { output, trials: total = 20, epochsMax = 10, folds = 5 }: EvotuneCommandOptions, // prettier-ignore
  signal: AbortSignal,
): Promise<Followed> {
  const { startTraining } = await import("./training-progress.ts");
  let progress = await startTraining(
    "evotune",
    total * folds * epochsMax,
    "epoch",
  );
  const trials = { finished: 0, pruned: 0, failed: 0 };
  let initial = { id: "", sha256: "" };
  let before = NaN;
  try {
    for (;;) {
      const next = await events.next();
      if (next.done) {
        if (next.value === null)
          throw new Error("evotune: expected the leading process to get a result, got none"); // prettier-ignore
        return { result: next.value, initial, before, trials };
      }
      const event = next.value;
      switch (event.type) {
        case "study":
          initial = event.weights;
          break;
        case "baseline":
          before = event.perplexity;
          progress.news(`before: perplexity ${before.toFixed(3)}`);
          break;
        case "trial step": {
          const done = ((event.trial - 1) * folds + event.fold - 1) * epochsMax;
          progress.step(done + event.epoch, event.loss, event.residuesPerSecond, `trial ${event.trial} of ${total}, fold ${event.fold}, epoch ${event.epoch.toFixed(2)}`); // prettier-ignore
          break;
        }
        case "trial":
          progress.news(`trial ${event.trial} of ${total}: ${describe(event.setting)}`); // prettier-ignore
          break;
        case "finished":
        case "pruned":
          trials[event.type]++;
          progress.news(`trial ${event.trial} ${event.type}: perplexity ${Math.exp(event.value).toFixed(3)}${event.type === "finished" ? ` after ${event.epochs} epochs` : ""}`); // prettier-ignore
          break;
        case "failed":
          trials.failed++;
          progress.news(`trial ${event.trial} failed: ${event.reason}`);
          break;
        case "chosen":
          progress.news(`chosen: trial ${event.trial}, ${describe(event.setting)}, ${event.epochs} epochs`); // prettier-ignore
          break;
        case "final fit": {
          const { event: inner } = event;
          if (inner.type === "start") {
            progress.stop();
            progress = await startTraining("final fit", inner.totalSteps, "step"); // prettier-ignore
          } else if (inner.type === "step")
            progress.step(inner.step, inner.loss, inner.residuesPerSecond, `epoch ${inner.epoch.toFixed(2)}`); // prettier-ignore
          break;
        }
      }
    }
  } catch (error) {
    if (!(signal.reason instanceof Interrupted)) throw error;
    throw new Interrupted(
      signal.reason.stopSignal,
      `interrupted: the study is kept in ${output}; run the same command with --resume to go on`,
    );
  } finally {
    progress.stop();
  }
}
