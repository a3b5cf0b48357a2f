/** @file How far a job is: a bar, the speed and the time left, and a button to cancel it. */
import type { Job, JobKind, WatchedEvent } from "../client/index.ts";
import { clientOf, type App } from "./app.ts";
import { button, el } from "./dom.ts";
import { count, duration, percent } from "./format.ts";
import { attempt } from "./problem-box.ts";

/** What the progress of a job is counted in. */
export const unitOf = {
  embed: "residues",
  score: "residues",
  evotune: "training steps",
  sample: "chain steps",
} as const satisfies Record<JobKind, string>;

/** Milliseconds between two sentences for readers of the screen: they would be talked over otherwise. */
const calm = 5_000;

export interface JobProgress {
  readonly hear: (event: WatchedEvent) => void;
  readonly remove: () => void;
}

export function jobProgress(
  home: HTMLElement,
  app: App,
  { id, kind }: Pick<Job, "id" | "kind">,
): JobProgress {
  const bar = el("progress", { max: 1, "aria-label": "Progress of the job" });
  const line = el("p", { class: "figures" });
  const spoken = el("p", { class: "unseen", role: "status" });
  const box = el("div", { role: "alert" });
  const cancel: HTMLButtonElement = button("Cancel", () =>
    void attempt({ button: cancel, box }, async () => {
      await clientOf(app).cancel(id);
    }), { class: "plain" }); // prettier-ignore
  const card = el("div", { class: "card progress" }, bar, line, cancel, spoken, box); // prettier-ignore
  home.replaceChildren(card);
  let spokeAt = 0;
  let state: Job["state"] = "queued";

  const say = (text: string) => {
    line.textContent = text;
    if (Date.now() - spokeAt < calm) return;
    spokeAt = Date.now();
    spoken.textContent = text;
  };
  const advance = (done: number, total: number, more: readonly string[]) => {
    bar.value = total > 0 ? done / total : 0;
    say([`${percent(bar.value)}: ${count(done)} of ${count(total)} ${unitOf[kind]}`, ...more].join(" · ")); // prettier-ignore
  };
  const enter = (next: Job["state"]) => {
    state = next;
    if (state === "queued" || state === "cancelling") bar.removeAttribute("value"); // prettier-ignore
    if (state === "queued") say("Waiting for a worker");
    if (state === "cancelling") say("Cancelling");
    if (state === "running") {
      bar.value = 0;
      say("Begins");
    }
    cancel.hidden = state !== "queued" && state !== "running";
  };
  return {
    hear(event) {
      if (event.type === "snapshot") {
        enter(event.job.state);
        const { done, total } = event.job.progress;
        if (state === "running" && done > 0) advance(done, total, []);
      } else if (event.type === "state") enter(event.state);
      else if (event.type === "progress" && state === "running")
        advance(event.done, event.total, [
          ...(event.residuesPerSecond === null ? [] : [`${count(event.residuesPerSecond)} residues/s`]),
          ...(event.etaSeconds === null ? [] : [`about ${duration(event.etaSeconds)} left`]),
        ]); // prettier-ignore
    },
    remove: () => card.remove(),
  };
}

/** An error that tells how a job ended that gave no result. */
export function endOf(job: Job): Error | null {
  if (job.state === "succeeded") return null;
  return new Error(
    job.state === "cancelled"
      ? "The job was cancelled."
      : (job.failure?.detail ?? "The job failed and gave no reason."),
  );
}
