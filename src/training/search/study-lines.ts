/** @file The lines of a study file: everything a search has found out, one fact a line, without times. */
import type { Evaluation } from "../evaluate.ts";
import type { Setting, Space } from "./space.ts";

/** What the study is; the first line. A study goes on only under the same. */
export interface StudyLine {
  readonly type: "study";
  readonly format: 1;
  readonly model: string;
  /** Id and SHA-256 of the parameters that training begins with. */
  readonly weights: { readonly id: string; readonly sha256: string };
  readonly sequences: number;
  readonly residues: number;
  /** SHA-256 of the sequences in order. */
  readonly data: string;
  readonly seed: number;
  readonly trials: number;
  readonly folds: number;
  readonly parallel: number;
  readonly epochs: { readonly low: number; readonly high: number };
  readonly search: Space;
  /** What every fit has in common. */
  readonly fixed: Readonly<Record<string, unknown>>;
}

/** All sequences under the weights that training begins with. */
export interface BaselineLine extends Evaluation {
  readonly type: "baseline";
}

export interface TrialLine {
  readonly type: "trial";
  /** From 1. */
  readonly trial: number;
  readonly setting: Setting;
}

/** The held-out sequences of a fold after an epoch of training on the others. */
export interface EpochLine extends Evaluation {
  readonly type: "epoch";
  readonly trial: number;
  /** From 1. */
  readonly fold: number;
  /** Passes done, from 1. */
  readonly epoch: number;
}

/** The trial is not worth its next epochs; `value` as of `valueSoFar`, `resource` in epochs of all its folds. */
export interface PrunedLine {
  readonly type: "pruned";
  readonly trial: number;
  readonly resource: number;
  readonly value: number;
}

/** A loss or gradient was not finite; the setting is ranked last. */
export interface FailedLine {
  readonly type: "failed";
  readonly trial: number;
  readonly fold: number;
  readonly reason: string;
}

export interface FinishedLine {
  readonly type: "finished";
  readonly trial: number;
  /** Lowest mean cross-entropy of the folds, in nats a token, and after how many epochs. */
  readonly value: number;
  readonly epochs: number;
}

/** The setting and epochs of the final fit. */
export interface ChosenLine {
  readonly type: "chosen";
  readonly trial: number;
  readonly setting: Setting;
  readonly value: number;
  readonly epochs: number;
}

/** The final fit has ended; its weights are beside the study file. */
export interface DoneLine {
  readonly type: "done";
  readonly best: { readonly id: string; readonly sha256: string };
  readonly final: { readonly id: string; readonly sha256: string };
}

export type TrialEnd = PrunedLine | FailedLine | FinishedLine;

export type Line =
  StudyLine | BaselineLine | TrialLine | EpochLine | TrialEnd | ChosenLine | DoneLine; // prettier-ignore
