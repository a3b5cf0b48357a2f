/** @file What a top model is: standardised features, dense layers, and values or classes that come out. */
import type {
  HostTensor,
  ModelConfig,
  Weights,
  WeightsInfo,
} from "../../unirep/index.ts";

export const topModelKinds = ["ridge", "logistic", "mlp"] as const;
/** `ridge` predicts values, `logistic` classes, `mlp` either. */
export type TopModelKind = (typeof topModelKinds)[number];

export const featureKinds = ["h_avg", "h_final", "c_final", "fusion"] as const;
/** A part of a representation, or `fusion`: h_avg, h_final and c_final in this order, three times as wide. */
export type FeatureKind = (typeof featureKinds)[number];

/** x W + b, then ReLU in all layers but the last. */
export interface DenseParams<T = HostTensor> {
  readonly w: T; // (inputs, outputs)
  readonly b: T; // (outputs)
}

export interface TopModelParams<T = HostTensor> {
  /** Features are first brought to (x - mean) / scale. */
  readonly mean: T; // (features)
  readonly scale: T; // (features)
  /** The last layer gives the value in its own units, or one logit for two classes and one each for more. */
  readonly layers: readonly DenseParams<T>[];
}

/** The model whose representations a top model reads. */
export interface TopModelBase {
  readonly config: ModelConfig;
  readonly info: WeightsInfo;
}

export interface TopModel {
  readonly kind: TopModelKind;
  /** Labels in the order of the probabilities; null for a model that predicts values. */
  readonly classes: readonly string[] | null;
  readonly params: TopModelParams;
  /** What it reads of a representation; null for a model of features that were given as numbers. */
  readonly features: FeatureKind | null;
  /** Whose representations; null as above. */
  readonly base: TopModelBase | null;
  /** The weights themselves where they were tuned with the top model and are found nowhere else. */
  readonly tuned: Weights | null;
  /** How it was made and how well it does: JSON-serialisable, kept with the model. */
  readonly training: Readonly<Record<string, unknown>>;
}

/** What a model is to learn. */
export type Targets =
  | { readonly type: "values"; readonly values: Float64Array }
  | {
      readonly type: "classes";
      /** Distinct labels, sorted. */
      readonly classes: readonly string[];
      /** Place in `classes` of each sample's label. */
      readonly labels: Int32Array;
    };

export type Labels =
  readonly number[] | Float64Array | Float32Array | readonly string[];

/** Columns of the last layer. */
export const outputsOf = (classes: readonly string[] | null): number =>
  classes === null || classes.length === 2 ? 1 : classes.length;
