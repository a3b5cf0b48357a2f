/** @file The map of the embeddings with all that belongs to it: the choice of the plane, colours, zoom. */
import { button, el } from "./dom.ts";
import { count, counted } from "./format.ts";
import { mapCanvas } from "./map-canvas.ts";
import { mapColouring } from "./map-colouring.ts";
import { attempt } from "./problem-box.ts";
import { project } from "./project.ts";
import type { Method } from "./projection.ts";
import type { Vectors } from "./vectors.ts";

/** Shows the principal components at once. The work ends with `signal`. */
export function mapPanel(vectors: Vectors, signal: AbortSignal): HTMLElement {
  const { model, ids, lengths, headers, matrix, total } = vectors;
  const about = el("p", { class: "hint", role: "status" });
  const spoken = el("p", { class: "unseen", role: "status" });
  const box = el("div", { role: "alert" });
  const bar = el("progress", { max: 1, value: 0, hidden: true, "aria-label": "Progress of the map" }); // prettier-ignore
  const canvas = mapCanvas(
    (i) => [
      ids[i],
      counted(lengths[i], "residue"),
      ...(headers[i] === ids[i] ? [] : [short(headers[i])]),
    ],
    (text) => (spoken.textContent = text),
  );
  const colouring = mapColouring(vectors, canvas.paint);

  let running = new AbortController();
  const show = (method: Method) => {
    running.abort(new DOMException("another map was asked for", "AbortError"));
    running = new AbortController();
    const either = AbortSignal.any([signal, running.signal]);
    bar.hidden = method === "pca";
    bar.removeAttribute("value");
    about.textContent = method === "pca" ? "Finding the principal components …" : "Finding a UMAP …"; // prettier-ignore
    void attempt({ box }, async () => {
      try {
        const plane = await project({ method, matrix }, (share) => (bar.value = share), either); // prettier-ignore
        canvas.place(plane.points);
        about.textContent = plane.about;
      } finally {
        if (!either.aborted) bar.hidden = true;
      }
    });
  };
  const methods = el(
    "fieldset",
    { class: "segments" },
    el("legend", { class: "unseen" }, "Map"),
    ...(["pca", "umap"] as const).flatMap((method) => {
      const radio = el("input", { type: "radio", name: "map-method", id: `map-${method}`, value: method, checked: method === "pca" }); // prettier-ignore
      radio.addEventListener("change", () => show(method));
      return [radio, el("label", { for: radio.id }, method.toUpperCase())];
    }),
  );
  const zoom = el(
    "div",
    { class: "segments", role: "group", "aria-label": "Zoom" },
    button("−", () => canvas.zoom(1 / 1.4), { "aria-label": "Zoom out" }),
    button("+", () => canvas.zoom(1.4), { "aria-label": "Zoom in" }),
    button("All", canvas.reset, { "aria-label": "Show all points" }),
  );
  show("pca");
  return el(
    "section",
    { class: "card", "aria-labelledby": "map-title" },
    el("h2", { id: "map-title" }, `Map of ${counted(ids.length, "protein")}`),
    total > ids.length && el("p", {}, `The first ${count(ids.length)} of ${count(total)} are shown; the download has all.`), // prettier-ignore
    el("div", { class: "toolbar" }, methods, colouring.controls, zoom),
    canvas.element,
    bar,
    colouring.legend,
    about,
    el("p", { class: "hint" }, `Vectors of ${model.id}, licence ${model.licence}. Drag to move, Ctrl and the wheel to zoom; with the keyboard, arrows go from protein to protein.`), // prettier-ignore
    spoken,
    box,
  );
}

const short = (text: string): string =>
  text.length > 120 ? `${text.slice(0, 119)}…` : text;
