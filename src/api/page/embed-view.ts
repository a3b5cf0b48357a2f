/** @file The section that embeds proteins: at once where they are few, as a job where they are many, with a map of the result. */
import { UnirepError, type Job, type UnirepClient } from "../client/index.ts";
import { clientOf, type App } from "./app.ts";
import { el, find } from "./dom.ts";
import { downloadPanel } from "./downloads.ts";
import { counted } from "./format.ts";
import { endOf, jobProgress } from "./job-progress.ts";
import { mapPanel } from "./map-panel.ts";
import { modelSelect } from "./model-select.ts";
import { attempt, clearProblem } from "./problem-box.ts";
import { sequenceInput } from "./sequence-input.ts";
import { fewRecords, filesOf, headersOf, nameOf } from "./sequences.ts";
import type { FastaRecord } from "./fasta.ts";
import { canBeMapped, mostPoints, vectorsOf, vectorsOfJob, type Vectors } from "./vectors.ts"; // prettier-ignore

export interface EmbedView {
  /** The model for what is embedded next. */
  readonly useModel: (id: string) => void;
}

export function startEmbedView(app: App): EmbedView {
  const model = modelSelect(find("embed-model", HTMLElement), app, "embed");
  const sequences = sequenceInput(find("embed-sequences", HTMLElement), "embed"); // prettier-ignore
  const start = find("embed-start", HTMLButtonElement);
  const box = find("embed-problem", HTMLElement);
  const progressHome = find("embed-progress", HTMLElement);
  const resultHome = find("embed-result", HTMLElement);
  const headersByJob = new Map<string, ReturnType<typeof headersOf>>();
  let shown = { job: null as string | null, ending: new AbortController() };

  /** Ends what was shown before. */
  const clear = (job: string | null): AbortSignal => {
    shown.ending.abort(new DOMException("something else is shown", "AbortError")); // prettier-ignore
    shown = { job, ending: new AbortController() };
    progressHome.replaceChildren();
    resultHome.replaceChildren();
    clearProblem(box);
    return shown.ending.signal;
  };

  async function embedAtOnce(client: UnirepClient, files: readonly File[], records: readonly FastaRecord[]): Promise<boolean> {
    const signal = clear(null);
    progressHome.replaceChildren(el("p", { role: "status", class: "figures" }, `Embedding ${counted(records.length, "sequence")} …`));
    try {
      const input = records.map(({ id, sequence }) => ({ id, sequence }));
      const chosen = model.chosen();
      const embeddings = await client.embed(input, { model: chosen, signal });
      let made: Promise<Job> | undefined;
      const make = async () => succeeded(await client.wait((await submitted(client, files, chosen)).id));
      const asJob = () => (made ??= make().catch((error: unknown) => {
        made = undefined;
        throw error;
      }));
      const panel = downloadPanel({ kind: "embed", name: "embed", note: "The file is made by a job, which stays in the list." }, () => clientOf(app), asJob);
      show(vectorsOf(embeddings, records), panel, signal);
      return true;
    } catch (error) {
      // This service takes less at once than the page asked of it.
      if (error instanceof UnirepError && error.status === 413) return false;
      throw error;
    } finally {
      if (!signal.aborted) progressHome.replaceChildren();
    }
  } // prettier-ignore

  async function submit(
    client: UnirepClient,
    files: readonly File[],
  ): Promise<void> {
    const signal = clear(null);
    progressHome.replaceChildren(el("p", { role: "status", class: "figures" }, `Sending ${counted(files.length, "file")} …`)); // prettier-ignore
    try {
      const job = await submitted(client, files, model.chosen(), signal);
      headersByJob.set(job.id, headersOf(files, mostPoints));
      app.go("embed", job.id);
    } finally {
      if (!signal.aborted) progressHome.replaceChildren();
    }
  }

  async function follow(client: UnirepClient, id: string): Promise<void> {
    const signal = clear(id);
    const progress = jobProgress(progressHome, app, { id, kind: "embed" });
    const job = await client.wait(id, { onEvent: progress.hear, signal }).finally(progress.remove); // prettier-ignore
    const ended = endOf(job);
    if (ended) throw ended;
    const panel = downloadPanel({ kind: "embed", name: "embed" }, () => clientOf(app), () => Promise.resolve(job)); // prettier-ignore
    resultHome.replaceChildren(el("section", { class: "card" }, panel));
    if (!canBeMapped(job)) return;
    // After a reload, and of files that cannot be read again, the ids alone are known.
    const headers = await headersByJob.get(id)?.catch(() => undefined);
    const vectors = await vectorsOfJob(client, job, headers ?? new Map<string, string>(), signal); // prettier-ignore
    show(vectors, panel, signal);
  }

  function show(vectors: Vectors, panel: HTMLElement, signal: AbortSignal) {
    const map = mapPanel(vectors, signal);
    map.append(panel);
    resultHome.replaceChildren(map);
  }

  find("embed-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    let names: readonly string[] = [];
    void attempt({ button: start, box, names: () => names }, async () => {
      const client = clientOf(app);
      const given = sequences.read();
      const files = filesOf(given);
      const records = await fewRecords(given);
      names = records?.map(({ id }) => id) ?? [];
      if (records !== null && (await embedAtOnce(client, files, records))) {
        if (app.place.get().job !== null) app.go("embed");
      } else await submit(client, files);
    });
  });

  const followPlace = () => {
    const { view, job } = app.place.get();
    const client = app.client.get();
    // What one key showed is not for the next.
    if (client === null) clear(null);
    if (view !== "embed" || client === null || job === null || job === shown.job) return; // prettier-ignore
    void attempt({ box }, () => follow(client, job));
  };
  app.place.subscribe(followPlace);
  app.client.subscribe(followPlace);
  return { useModel: model.choose };
}

const submitted = (
  client: UnirepClient,
  files: readonly File[],
  model: string | undefined,
  signal?: AbortSignal,
): Promise<Job> =>
  client.submitEmbedding(files, { model, name: nameOf(files) }, { signal });

function succeeded(job: Job): Job {
  const ended = endOf(job);
  if (ended) throw ended;
  return job;
}
