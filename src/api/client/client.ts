/** @file The typed client of the service, for Node 20 and browsers. */
import { download, type Download } from "./download.ts";
import { embeddingRequest, readEmbeddings, type EmbeddingAnswer } from "./embeddings.ts"; // prettier-ignore
import { randomKey, submissionBody } from "./submission.ts";
import { createTransport, readJson, type ClientOptions, type Transport } from "./transport.ts"; // prettier-ignore
import type { CallOptions, Embeddings, EmbedOptions, Job, JobKind, JobSettings, JobState, Model, ResultFormat, SequenceRecord, SubmissionInput, SubmitOptions, WaitOptions } from "./types.ts"; // prettier-ignore
import { waitForJob } from "./watch.ts";

/**
 * Every call rejects with a UnirepError, which carries the service's problem, or with the reason of its signal. Requests
 * that are refused for now (429, 503) or get no answer are repeated with back-off, for as long as `Retry-After` says.
 */
export class UnirepClient {
  readonly #call: Transport;

  constructor(options: ClientOptions) {
    this.#call = createTransport(options);
  }

  /** Representations of a few sequences, at once; what is too much for one request is for `submitEmbedding`. */
  async embed(
    input: string | readonly (string | SequenceRecord)[],
    options: EmbedOptions = {},
  ): Promise<Embeddings> {
    const body = embeddingRequest(input, options);
    const headers = { "content-type": "application/json" };
    const { signal } = options;
    return this.#call({ method: "POST", path: "/v1/embeddings", headers, body, signal }, async (r) => readEmbeddings((await r.json()) as EmbeddingAnswer)); // prettier-ignore
  }

  submitEmbedding(input: SubmissionInput, settings: JobSettings<"embed"> = {}, options?: SubmitOptions): Promise<Job> {
    return this.#submit("/v1/embedding-jobs", input, settings, options);
  } // prettier-ignore

  submitScore(input: SubmissionInput, settings: JobSettings<"score"> = {}, options?: SubmitOptions): Promise<Job> {
    return this.#submit("/v1/score-jobs", input, settings, options);
  } // prettier-ignore

  submitEvotuning(input: SubmissionInput, settings: JobSettings<"evotune">, options?: SubmitOptions): Promise<Job> {
    return this.#submit("/v1/evotuning-jobs", input, settings, options);
  } // prettier-ignore

  submitSampling(input: SubmissionInput, settings: JobSettings<"sample"> = {}, options?: SubmitOptions): Promise<Job> {
    return this.#submit("/v1/sampling-jobs", input, settings, options);
  } // prettier-ignore

  job(id: string, { signal }: CallOptions = {}): Promise<Job> {
    return this.#call(
      { method: "GET", path: jobPath(id), signal },
      readJson<Job>,
    );
  }

  /** Own jobs, newest first, fetched a page at a time. */
  async *jobs({ state, kind, signal }: CallOptions & { readonly state?: JobState; readonly kind?: JobKind } = {}): AsyncGenerator<Job> {
    let cursor: string | null = null;
    do {
      const query = new URLSearchParams({ limit: "100" });
      for (const [name, value] of Object.entries({ state, kind, cursor }))
        if (value) query.set(name, value);
      const page: JobPage =
        await this.#call({ method: "GET", path: `/v1/jobs?${String(query)}`, signal }, readJson<JobPage>);
      yield* page.items;
      cursor = page.next;
    } while (cursor !== null);
  } // prettier-ignore

  /** Waits until a job has ended, well or not: `state` says how. */
  wait(id: string, options: WaitOptions = {}): Promise<Job> {
    return waitForJob(this.#call, id, options);
  }

  /** By default the format that the job made first. */
  result(id: string, { format, signal }: CallOptions & { readonly format?: ResultFormat } = {}): Promise<Download> {
    const query = format === undefined ? "" : `?format=${format}`;
    return download(this.#call, `${jobPath(id)}/result${query}`, { signal });
  } // prettier-ignore

  /** Cancels a job wherever it is; one that has ended stays as it is. */
  cancel(id: string, { signal }: CallOptions = {}): Promise<Job> {
    return this.#call({ method: "DELETE", path: jobPath(id), signal }, readJson<Job>); // prettier-ignore
  }

  /** Models that one may use. */
  models({ signal }: CallOptions = {}): Promise<readonly Model[]> {
    return this.#call({ method: "GET", path: "/v1/models", signal }, async (r) => (await readJson<{ items: Model[] }>(r)).items); // prettier-ignore
  }

  model(id: string, { signal }: CallOptions = {}): Promise<Model> {
    return this.#call({ method: "GET", path: modelPath(id), signal }, readJson<Model>); // prettier-ignore
  }

  /** Uploads weights (one safetensors file) as a model of one's own. */
  uploadModel(
    file: Blob,
    facts: { readonly id: string; readonly name?: string; readonly licence?: string }, // prettier-ignore
    { signal, idempotencyKey = randomKey() }: Omit<SubmitOptions, "fileName"> = {}, // prettier-ignore
  ): Promise<Model> {
    const { body } = submissionBody(file, facts, "model.safetensors");
    const headers = { "idempotency-key": idempotencyKey };
    return this.#call({ method: "POST", path: "/v1/models", headers, body, signal }, readJson<Model>); // prettier-ignore
  }

  /** Weights of a model of one's own. */
  modelWeights(id: string, options: CallOptions = {}): Promise<Download> {
    return download(this.#call, `${modelPath(id)}/weights`, options);
  }

  async removeModel(id: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#call({ method: "DELETE", path: modelPath(id), signal }, () => {}); // prettier-ignore
  }

  #submit(
    path: string,
    input: SubmissionInput,
    settings: Readonly<Record<string, unknown>>,
    { signal, fileName, idempotencyKey = randomKey() }: SubmitOptions = {},
  ): Promise<Job> {
    const { headers, ...body } = submissionBody(input, settings, fileName);
    return this.#call({ method: "POST", path, headers: { ...headers, "idempotency-key": idempotencyKey }, ...body, signal }, readJson<Job>); // prettier-ignore
  }
}

interface JobPage {
  readonly items: readonly Job[];
  readonly next: string | null;
}

const jobPath = (id: string) => `/v1/jobs/${encodeURIComponent(id)}`;
const modelPath = (id: string) => `/v1/models/${encodeURIComponent(id)}`;
