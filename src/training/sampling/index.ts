/** @file Sampling's face: chains, proposals, objectives, design and babble. */
export {
  sampleChains,
  type SampleEvent,
  type SampleOptions,
  type SampleResult,
} from "./sample-chains.ts";
export type { Best, Chain, ProposalRecord, Reason } from "./chain.ts";
export type { ScoreSequences } from "./sample-step.ts";
export type { Temperature } from "./temperature.ts";
export type { Dice } from "./dice.ts";
export type { Move, Mover, Proposal, Step } from "./proposal.ts";
export { siteProposal, type SiteProposalOptions } from "./site-proposal.ts";
export type { Positions } from "./positions.ts";
export type { Pwm } from "./pwm.ts";
export {
  gradientProposal,
  type GradientProposalOptions,
} from "./gradient-proposal.ts";
export {
  languageModelObjective,
  representationObjective,
  type ModelObjective,
  type Objective,
  type ObjectiveOptions,
  type RelaxedRepresentation,
} from "./objective.ts";
export type { RelaxedScore } from "./relaxed.ts";
export {
  designSequence,
  relaxations,
  type Design,
  type DesignOptions,
  type DesignStep,
  type Relaxation,
} from "./design.ts";
export { babble, type BabbleOptions, type Babbled } from "./babble.ts";
export type { DrawOptions } from "./draw-letter.ts";
export {
  topModelObjective,
  type TopModelObjectiveOptions,
} from "./top-model-objective.ts";
