/** @file The options of `evotune`: what is searched, what is fixed, and the check that both make sense. */
import type { FitOptions } from "../fit-options.ts";
import { checkSpace, type Choice, type Range, type Space } from "./space.ts";

type RealName = "learningRate" | "weightDecay" | "clipNorm";
type ListName = RealName | "warmupSteps" | "frozen" | "optimizer" | "lanes" | "window" | "accumulate"; // prettier-ignore

/** Options of `fit` to choose from, each a list of values or, for real numbers, a range. */
export type SearchOptions = {
  readonly [K in ListName]?:
    | readonly NonNullable<FitOptions[K]>[]
    | (K extends RealName ? Range : never)
    | undefined;
} & {
  /** Every trial trains up to `high`; the best number from `low` on is read off its validation curve. */
  readonly epochs?: { readonly low: number; readonly high: number } | undefined;
};

/** What every fit of a search has in common. */
export type FixedOptions = Omit<
  FitOptions,
  | "compat"
  | "epochs"
  | "folder"
  | "patience"
  | "resume"
  | "schedule"
  | "validation"
>;

export interface EvotuneOptions extends FixedOptions {
  /** Sequences side by side. Default: those of `fit`, or fewer, so that an epoch of a small family has 16 steps. */
  readonly lanes?: FitOptions["lanes"];
  /** Folder of the study: study.jsonl, best.safetensors, final.safetensors. */
  readonly folder: string;
  /** Goes on with the study in `folder`; without one it begins. */
  readonly resume?: boolean | undefined;
  /** Default: learning rates from 1e-5 to 1e-2 on a logarithmic scale, 1 to 10 epochs. */
  readonly search?: SearchOptions | undefined;
  /** Settings to try. Default 20. */
  readonly trials?: number | undefined;
  /** Parts of the sequences, each held out once by every trial. Default 5. */
  readonly folds?: number | undefined;
  /**
   * Trials side by side, each in a process of its own: this process takes every `parallel`-th trial, and processes with
   * `worker` from 1 to `parallel` - 1 and the same other options take the others. Default 1.
   */
  readonly parallel?: number | undefined;
  /** Number of this process; 0, the default, also begins the study and makes the final fit. */
  readonly worker?: number | undefined;
}

export interface SearchPlan {
  readonly space: Space;
  readonly epochs: { readonly low: number; readonly high: number };
  readonly trials: number;
  readonly folds: number;
  readonly parallel: number;
  readonly worker: number;
  readonly fixed: FixedOptions;
}

export function searchPlan(options: EvotuneOptions): SearchPlan {
  const { folder: _folder, resume: _resume, search, trials = 20, folds = 5, parallel = 1, worker = 0, ...fixed } = options; // prettier-ignore
  const { epochs = { low: 1, high: 10 }, ...dimensions } = search ?? {};
  const searched = Object.fromEntries(
    Object.entries(dimensions).filter(([, value]) => value !== undefined),
  );
  const space = {
    ...(options.learningRate === undefined && {
      learningRate: { low: 1e-5, high: 1e-2, log: true },
    }),
    ...(searched as Record<string, Range | readonly Choice[]>),
  };
  checkSpace("evotune", space);
  for (const name of Object.keys(space))
    if (fixed[name as ListName] !== undefined)
      throw new TypeError(
        `evotune: expected ${name} to be fixed or searched, got both`,
      );
  const whole = (name: string, value: number, from: number, to = Infinity) => {
    if (!Number.isInteger(value) || value < from || value > to)
      throw new RangeError(
        `evotune: expected ${name} to be an integer from ${from}${to === Infinity ? "" : ` to ${to}`}, got ${value}`,
      );
  };
  whole("trials", trials, 1);
  whole("folds", folds, 2);
  whole("search.epochs.low", epochs.low, 1);
  whole("search.epochs.high", epochs.high, epochs.low);
  whole("parallel", parallel, 1);
  whole("worker", worker, 0, parallel - 1);
  return { space, epochs, trials, folds, parallel, worker, fixed };
}
