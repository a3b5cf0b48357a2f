/** @file Sequences of one request, checked, admitted and represented by the engine that all requests share. */
import { LetterError, nameSequence } from "../unirep/index.ts";
import type { NamedSequence, SequenceInput } from "../unirep/index.ts";
import type { ModelRecord, Represented } from "../workers/index.ts";
import type { Api, Caller } from "./api.ts";
import { spendResidues } from "./limits.ts";
import { Problem, type FieldError } from "./problems.ts";

export interface EmbeddingRequest {
  readonly caller: Caller;
  /** What the body's `input` holds: one sequence or several. */
  readonly input: SequenceInput | readonly SequenceInput[];
  /** By default the configured one. */
  readonly model: string | undefined;
  readonly precision: "f32" | "int8";
  readonly perResidue: boolean;
  /** What the request says about the model, before anything is computed. */
  readonly accept?: ((model: ModelRecord) => void) | undefined;
  readonly signal: AbortSignal;
}

export interface Embedded {
  readonly model: ModelRecord;
  readonly sequences: readonly NamedSequence[];
  /** In the order of `sequences`. */
  readonly results: readonly Represented[];
  readonly residues: number;
}

/** Every answer it gives is one the limits of the service allow; anything else is a Problem thrown before work begins. */
export type Embedder = (request: EmbeddingRequest) => Promise<Embedded>;

/** Values of the matrices of one answer (64 MiB): residues by themselves do not bound (L + 1, n). */
const maxPerResidueValues = 2 ** 24;
const asJob = "; POST /v1/embedding-jobs takes more";

export function createEmbedder(api: Api): Embedder {
  const { config, models } = api.service;
  const admitted = admission(config.maxWaitingResidues);
  return async ({ caller, input, model: id = config.model, precision, perResidue, accept, signal }) => {
    const sequences = checkSequences(input, config);
    const residues = sum(sequences.map(({ sequence }) => sequence.length));
    if (residues > config.maxRequestResidues)
      throw tooLarge(`expected at most ${config.maxRequestResidues} residues in one request, got ${residues}`); // prettier-ignore
    const model = await models.find(id, caller.owner);
    if (!model)
      throw invalid("/model", "expected the id of a model that is here and yours, got another"); // prettier-ignore
    accept?.(model);
    const values = (residues + sequences.length) * model.units;
    if (perResidue && values > maxPerResidueValues)
      throw tooLarge(`expected at most ${maxPerResidueValues} per-residue values in one request, got ${values}`); // prettier-ignore
    const results = await admitted(residues, async () => {
      const file = await models.open(model);
      // The quota is counted while the engine begins, so that no request waits for the database twice.
      const refused = new AbortController();
      const spent = spendResidues(api, caller, residues).catch((error) => {
        refused.abort(error);
        throw error;
      });
      const computed = api.engine.run(
        "represent",
        {
          model: file,
          precision,
          sequences: sequences.map(({ sequence }) => sequence),
          perResidue,
        },
        { signal: AbortSignal.any([signal, refused.signal]) },
      );
      const [quota, work] = await Promise.allSettled([spent, computed]);
      if (quota.status === "rejected") throw quota.reason;
      if (work.status === "fulfilled") return work.value;
      await quota.value();
      throw work.reason;
    });
    api.metrics.answered(residues);
    return { model, sequences, results, residues };
  }; // prettier-ignore
}

/** All sequences in upper case, or a 422 that points at every one that is none. */
function checkSequences(
  input: EmbeddingRequest["input"],
  limits: { readonly maxRequestSequences: number; readonly maxLength: number },
): NamedSequence[] {
  const inputs = isList(input) ? input : [input];
  if (inputs.length > limits.maxRequestSequences)
    throw tooLarge(`expected at most ${limits.maxRequestSequences} sequences in one request, got ${inputs.length}`); // prettier-ignore
  const errors: FieldError[] = [];
  const sequences: NamedSequence[] = [];
  for (const [i, item] of inputs.entries()) {
    const place = isList(input) ? `/input/${i}` : "/input";
    const pointer = typeof item === "string" ? place : `${place}/sequence`;
    try {
      const named = nameSequence(item, i);
      if (named.sequence.length > limits.maxLength)
        errors.push({ pointer, detail: `expected at most ${limits.maxLength} residues, got ${named.sequence.length}` }); // prettier-ignore
      sequences.push(named);
    } catch (error) {
      if (!(error instanceof LetterError)) throw error;
      errors.push({ pointer, detail: error.reason, column: error.column });
    }
  }
  if (errors.length === 0) return sequences;
  const [{ pointer, detail, column }] = errors;
  const where = column === undefined ? "" : ` at position ${column}`;
  throw new Problem(
    "invalid",
    `api: body at ${pointer}: ${detail}${where}${errors.length > 1 ? `; ${errors.length - 1} more in errors` : ""}`,
    { errors },
  );
}

/** Refuses what would only wait; a request that is alone is always admitted. */
function admission(maxWaiting: number) {
  let waiting = 0;
  return async <T>(residues: number, run: () => Promise<T>): Promise<T> => {
    if (waiting > 0 && waiting + residues > maxWaiting)
      throw new Problem("too-busy", `api: expected at most ${maxWaiting} residues of requests at once, got ${waiting} before these ${residues}`, { retryAfter: 1 }); // prettier-ignore
    waiting += residues;
    try {
      return await run();
    } finally {
      waiting -= residues;
    }
  };
}

const isList = (
  input: EmbeddingRequest["input"],
): input is readonly SequenceInput[] => Array.isArray(input);

const sum = (numbers: readonly number[]) =>
  numbers.reduce((total, x) => total + x, 0);

const tooLarge = (detail: string) =>
  new Problem("too-large", `api: ${detail}${asJob}`);

export const invalid = (pointer: string, detail: string): Problem =>
  new Problem("invalid", `api: body at ${pointer}: ${detail}`, {
    errors: [{ pointer, detail }],
  });
