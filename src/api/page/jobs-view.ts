/** @file The section that lists jobs: state, progress, age, results; it looks again by itself while it is seen. */
import type { Job, UnirepClient } from "../client/index.ts";
import { addressOf, clientOf, type App } from "./app.ts";
import { button, el, find } from "./dom.ts";
import { downloadPanel } from "./downloads.ts";
import { age, counted, duration, percent } from "./format.ts";
import { attempt, clearProblem, showProblem } from "./problem-box.ts";

const page = 25;
/** Milliseconds until the list is looked at again: while a job runs, and while none does. */
const looks = { busy: 2_000, idle: 10_000 };

const titles = {
  embed: "Embedding",
  score: "Scoring",
  evotune: "Evotuning",
  sample: "Sampling",
} as const satisfies Record<Job["kind"], string>;

export const isOver = ({ state }: Job): boolean =>
  state === "succeeded" || state === "failed" || state === "cancelled";

export function startJobsView(app: App): void {
  const list = find("jobs-list", HTMLUListElement);
  const status = find("jobs-status", HTMLElement);
  const box = find("jobs-problem", HTMLElement);
  const more = find("jobs-more", HTMLButtonElement);
  const rows = new Map<string, { readonly told: string; readonly element: HTMLElement }>(); // prettier-ignore
  let wanted = page;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looking = new AbortController();

  const seen = () =>
    app.place.get().view === "jobs" && document.visibilityState === "visible";

  async function look(): Promise<void> {
    looking.abort();
    clearTimeout(timer);
    const client = app.client.get();
    if (!seen()) return;
    if (client === null) return forget("Enter an API key to see your jobs.");
    looking = new AbortController();
    const { signal } = looking;
    try {
      const { jobs, hasMore } = await firstJobs(client, wanted, signal);
      show(jobs);
      more.hidden = !hasMore;
      clearProblem(box);
      timer = setTimeout(() => void look(), jobs.every(isOver) ? looks.idle : looks.busy); // prettier-ignore
    } catch (error) {
      if (signal.aborted) return;
      showProblem(box, error);
      timer = setTimeout(() => void look(), looks.idle);
    }
  }

  function forget(text: string): void {
    rows.clear();
    list.replaceChildren();
    more.hidden = true;
    status.textContent = text;
  }

  function show(jobs: readonly Job[]): void {
    const running = jobs.filter((job) => !isOver(job)).length;
    const text = jobs.length === 0 ? "There are no jobs yet." : running === 0 ? "No job is running or waiting." : `${counted(running, "job")} running or waiting.`; // prettier-ignore
    if (status.textContent !== text) status.textContent = text;
    const elements = jobs.map((job) => {
      // A row that says the same stays as it is, with the focus and the choices in it.
      const told = JSON.stringify([job, isOver(job) && age(job.createdAt)]);
      const old = rows.get(job.id);
      if (old?.told === told) return old.element;
      const element = jobRow(app, job, () => void look());
      rows.set(job.id, { told, element });
      if (old?.element.contains(document.activeElement)) {
        old.element.replaceWith(element);
        element.querySelector<HTMLElement>("button, a, summary")?.focus();
      }
      return element;
    });
    if (
      elements.some((element, i) => list.children[i] !== element) ||
      list.children.length !== elements.length
    )
      // prettier-ignore
      list.replaceChildren(...elements);
  }

  more.addEventListener("click", () => {
    wanted += page;
    void look();
  });
  app.place.subscribe(() => void look());
  app.client.subscribe(() => void look());
  document.addEventListener("visibilitychange", () => void look());
}

async function firstJobs(
  client: UnirepClient,
  wanted: number,
  signal: AbortSignal,
) {
  const jobs: Job[] = [];
  for await (const job of client.jobs({ signal })) {
    if (jobs.length === wanted) return { jobs, hasMore: true };
    jobs.push(job);
  }
  return { jobs, hasMore: false };
}

function jobRow(app: App, job: Job, onChange: () => void): HTMLElement {
  const { id, kind, name, state, progress, input, model, failure } = job;
  const box = el("div", { role: "alert" });
  const cancel: HTMLButtonElement = button("Cancel", () =>
    void attempt({ button: cancel, box }, async () => {
      await clientOf(app).cancel(id);
      onChange();
    }), { class: "plain", "aria-label": `Cancel ${titles[kind]} ${id.slice(0, 8)}` }); // prettier-ignore
  const share = progress.total > 0 ? progress.done / progress.total : 0;
  const running = state === "running" || state === "cancelling";
  const view = kind === "embed" || kind === "evotune" ? kind : null;
  return el(
    "li",
    { class: "card row", "data-state": state },
    el(
      "div",
      { class: "row-head" },
      el("h2", {}, `${titles[kind]}${name === null ? "" : `: ${name}`}`),
      el("span", { class: "state" }, running ? `${state} · ${percent(share)}` : state), // prettier-ignore
    ),
    running && el("progress", { max: 1, value: share, "aria-label": "Progress of the job" }), // prettier-ignore
    el("p", { class: "hint" }, [counted(input.sequences, "sequence"), counted(input.residues, "residue"), model.id, age(job.createdAt), ...took(job)].join(" · ")), // prettier-ignore
    el("p", { class: "hint mono" }, id),
    failure && el("p", { class: "problem" }, failure.detail),
    el(
      "div",
      { class: "actions" },
      view !== null && state !== "failed" && state !== "cancelled" &&
        el("a", { class: "button plain", href: addressOf(view, id) }, isOver(job) ? (view === "embed" ? "Map" : "Curves") : "Watch"),
      (state === "queued" || state === "running") && cancel,
    ),
    state === "succeeded" && el("details", {}, el("summary", {}, "Result"),
      downloadPanel({ kind, name: `job-${id}` }, () => clientOf(app), () => Promise.resolve(job))),
    box,
  ); // prettier-ignore
}

const took = ({ startedAt, endedAt }: Job): readonly string[] =>
  startedAt === null || endedAt === null ? [] : [`took ${duration((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)}`]; // prettier-ignore
