/** @file Results as files of the user's: every format that a kind of job has. */
import type { Download, Job, JobKind, ResultFormat, UnirepClient } from "../client/index.ts"; // prettier-ignore
import { button, el } from "./dom.ts";
import { attempt } from "./problem-box.ts";

export const formatsOf = {
  embed: ["csv", "parquet", "npz", "npy", "ids", "h5", "jsonl"],
  score: ["csv", "parquet", "npz", "h5", "jsonl"],
  evotune: ["safetensors", "report", "study"],
  sample: ["csv"],
} as const satisfies Record<JobKind, readonly ResultFormat[]>;

const titles: Readonly<Record<ResultFormat, string>> = {
  csv: "CSV table",
  parquet: "Parquet table",
  npz: "NumPy archive (.npz)",
  npy: "NumPy matrix (.npy)",
  ids: "Ids of the matrix (.ids.json)",
  h5: "HDF5",
  jsonl: "JSON lines",
  safetensors: "Tuned weights (.safetensors)",
  report: "Report (HTML)",
  study: "Study (JSON lines)",
};

/** Lets the browser save a file that only the client's key opens. */
export async function save({ name, stream, mediaType }: Download): Promise<void> {
  const content = await new Response(stream, { headers: { "content-type": mediaType } }).blob();
  const url = URL.createObjectURL(content);
  el("a", { href: url, download: name }).click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
} // prettier-ignore

/** A choice of formats and a button; `job` is asked for when it is pressed. */
export function downloadPanel(
  { kind, name, note }: { readonly kind: JobKind; readonly name: string; readonly note?: string | undefined },
  client: () => UnirepClient,
  job: (signal: AbortSignal) => Promise<Pick<Job, "id">>,
): HTMLElement {
  const formats: readonly ResultFormat[] = formatsOf[kind];
  const select = el("select", { id: `${name}-format` }, ...formats.map((format) => el("option", { value: format }, titles[format])));
  const status = el("span", { class: "hint", role: "status" });
  const box = el("div", { role: "alert" });
  const start: HTMLButtonElement = button("Download", () =>
    void attempt({ button: start, box }, async () => {
      status.textContent = "Preparing the file …";
      try {
        const { signal } = new AbortController();
        const { id } = await job(signal);
        await save(await client().result(id, { format: select.value as ResultFormat, signal }));
      } finally {
        status.textContent = "";
      }
    }));
  return el(
    "div",
    { class: "downloads" },
    el("label", { for: select.id }, "Result as"),
    el("span", { class: "joined" }, select, start),
    status,
    note === undefined ? null : el("p", { class: "hint" }, note),
    box,
  );
} // prettier-ignore
