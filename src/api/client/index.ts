/** @file `unirep-ts/client`: the service from Node or a browser. */
export { UnirepClient } from "./client.ts";
export type { Download } from "./download.ts";
export { UnirepError, type Problem, type ProblemItem } from "./error.ts";
export type { ClientOptions } from "./transport.ts";
export type {
  CallOptions,
  Embeddings,
  EmbedOptions,
  Job,
  JobEvent,
  JobKind,
  JobSettings,
  JobState,
  Model,
  ResultFormat,
  SequenceRecord,
  SubmissionInput,
  SubmitOptions,
  WaitOptions,
  WatchedEvent,
} from "./types.ts";
