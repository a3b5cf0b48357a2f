/** @file What `fitJoint` learns from: sequences as tokens, targets, what is held out, and the top model it begins with. */
import {
  encode,
  nameSequence,
  type SequenceInput,
  type Weights,
} from "../unirep/index.ts";
import type { FitJointOptions, JointPlan } from "./joint-options.ts";
import { groupsOf } from "./top-model/features.ts";
import { choicesOf, represent } from "./top-model/fit-top-model.ts";
import { checkClasses, drawHeldOut, samplesOf } from "./top-model/folds.ts";
import { targetRows } from "./top-model/forward.ts";
import { pickRows, type Matrix } from "./top-model/matrix.ts";
import {
  pickTargets,
  readTargets,
  toUnits,
  unitTargets,
  type UnitTargets,
} from "./top-model/targets.ts";
import { trainers } from "./top-model/trainers.ts";
import type { FeatureKind, Labels, Targets, TopModelKind, TopModelParams } from "./top-model/types.ts"; // prettier-ignore

/** One side of the split. */
export interface JointSide {
  /** Numbers of its samples in the order they were given. */
  readonly samples: Int32Array;
  /** Residue tokens of each, without start and stop. */
  readonly residues: readonly Uint8Array[];
  readonly targets: Targets;
}

export interface JointData {
  readonly kind: TopModelKind;
  readonly features: FeatureKind;
  readonly training: JointSide;
  readonly heldOut: JointSide;
  /** Of the training side; `unit` targets are what the step learns. */
  readonly unit: UnitTargets;
  /** The same, a row a sample: (samples, 1) or (samples, classes). */
  readonly rows: Matrix;
  /** Fitted to the training side's representations as they are; its layers give unit targets. */
  readonly top: TopModelParams;
  readonly chosen: Readonly<Record<string, number>>;
}

export async function readJointData(
  sequences: readonly SequenceInput[],
  y: Labels,
  weights: Weights,
  plan: JointPlan,
  options: FitJointOptions,
): Promise<JointData> {
  const who = "fitJoint";
  const targets = readTargets(who, y, sequences.length);
  const { kind, features, trainer } = choicesOf(who, targets, options);
  const groups = groupsOf(sequences);
  checkClasses(who, groups, targets);
  const residues = sequences.map((s, i) => encode(nameSequence(s, i).sequence));
  const { validation: share, seed } = plan;
  const parts = drawHeldOut(who, groups, targets, { share, seed });
  const side = (part: number): JointSide => {
    const samples = samplesOf(parts, part, true);
    return {
      samples,
      residues: Array.from(samples, (i) => residues[i]),
      targets: pickTargets(targets, samples),
    };
  };
  const training = side(1);
  const { threads, signal } = options;
  const { x } = await represent(sequences, features, { weights, threads, signal }); // prettier-ignore
  const { params, chosen } = await trainers[kind](
    {
      x: pickRows(x, training.samples),
      targets: training.targets,
      groups: Array.from(training.samples, (i) => groups[i]),
    },
    trainer,
  );
  const unit = unitTargets(training.targets);
  const rows = targetRows(unit.targets, "float64");
  return {
    kind,
    features,
    training,
    heldOut: side(0),
    unit,
    rows: { rows: rows.shape[0], columns: rows.shape[1], data: rows.dataSync() as Float64Array }, // prettier-ignore
    top: { ...params, layers: toUnits(params.layers, unit) },
    chosen,
  };
}
