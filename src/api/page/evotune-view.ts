/** @file The section that tunes a model on proteins of the user's: the form, the live study, what came of it. */
import type { Job, UnirepClient, WatchedEvent } from "../client/index.ts";
import { clientOf, type App } from "./app.ts";
import { button, el, find, input } from "./dom.ts";
import { downloadPanel } from "./downloads.ts";
import { measure } from "./format.ts";
import { endOf, jobProgress } from "./job-progress.ts";
import { modelSelect } from "./model-select.ts";
import { attempt, clearProblem } from "./problem-box.ts";
import { sequenceInput } from "./sequence-input.ts";
import { filesOf } from "./sequences.ts";
import { studyPanel } from "./study-panel.ts";
import type { StudyEvent } from "./study.ts";

const number = (id: string): number => input(`evotune-${id}`).valueAsNumber;

/** `useModel` is called with the id of a tuned model that the user wants to embed with. */
export function startEvotuneView(
  app: App,
  useModel: (id: string) => void,
): void {
  const model = modelSelect(find("evotune-model", HTMLElement), app, "evotune");
  const sequences = sequenceInput(find("evotune-sequences", HTMLElement), "evotune"); // prettier-ignore
  const start = find("evotune-start", HTMLButtonElement);
  const box = find("evotune-problem", HTMLElement);
  const progressHome = find("evotune-progress", HTMLElement);
  const studyHome = find("evotune-study", HTMLElement);
  let shown = { job: null as string | null, ending: new AbortController() };

  async function submit(client: UnirepClient): Promise<void> {
    const files = filesOf(sequences.read());
    const modelName = input("evotune-name").value.trim();
    const job = await client.submitEvotuning(files, {
      name: modelName,
      model: model.chosen(),
      modelName,
      trials: number("trials"),
      folds: number("folds"),
      epochs: { low: number("epochs-low"), high: number("epochs-high") },
      learningRate: { low: number("rate-low"), high: number("rate-high") },
    });
    app.go("evotune", job.id);
  }

  /** Ends what was shown before. */
  const clear = (job: string | null): AbortSignal => {
    shown.ending.abort(new DOMException("something else is shown", "AbortError")); // prettier-ignore
    shown = { job, ending: new AbortController() };
    progressHome.replaceChildren();
    studyHome.replaceChildren();
    clearProblem(box);
    return shown.ending.signal;
  };

  async function follow(client: UnirepClient, id: string): Promise<void> {
    const signal = clear(id);
    const panel = studyPanel();
    studyHome.replaceChildren(panel.element);
    const progress = jobProgress(progressHome, app, { id, kind: "evotune" });
    const onEvent = (event: WatchedEvent) => {
      progress.hear(event);
      if (isOfStudy(event)) panel.hear(event);
    };
    const job = await client.wait(id, { onEvent, signal }).finally(progress.remove); // prettier-ignore
    const ended = endOf(job);
    if (ended) throw ended;
    await app.refreshModels();
    panel.element.prepend(outcome(job));
  }

  function outcome(job: Job): HTMLElement {
    const { model: id, baseline, crossValidation, warnings } = (job.result?.summary ?? {}) as Summary; // prettier-ignore
    const better =
      baseline && crossValidation
        ? `Held-out perplexity: ${measure(baseline.perplexity)} before, ${measure(crossValidation.perplexity)} after tuning.`
        : "";
    return el(
      "div",
      { class: "outcome", role: "status" },
      el("h2", {}, `${id ?? "The model"} is ready`),
      el("p", {}, better),
      ...(warnings ?? []).map((warning) => el("p", { class: "hint" }, warning)),
      id !== undefined &&
        button(`Embed with ${id}`, () => {
          useModel(id);
          app.go("embed");
        }),
      downloadPanel({ kind: "evotune", name: "evotune" }, () => clientOf(app), () => Promise.resolve(job)), // prettier-ignore
    );
  }

  find("evotune-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    void attempt({ button: start, box }, () => submit(clientOf(app)));
  });
  const followPlace = () => {
    const { view, job } = app.place.get();
    const client = app.client.get();
    // What one key showed is not for the next.
    if (client === null) clear(null);
    if (view !== "evotune" || client === null || job === null || job === shown.job) return; // prettier-ignore
    void attempt({ box }, () => follow(client, job));
  };
  app.place.subscribe(followPlace);
  app.client.subscribe(followPlace);
}

interface Summary {
  readonly model?: string;
  readonly baseline?: { readonly perplexity: number };
  readonly crossValidation?: { readonly perplexity: number };
  readonly warnings?: readonly string[];
}

const isOfStudy = (event: WatchedEvent): event is StudyEvent =>
  event.type === "step" || event.type === "validation" || event.type === "trial"; // prettier-ignore
