/** @file The section that lists models: hash, licence, size, source; upload and removal of one's own. */
import type { Model } from "../client/index.ts";
import { clientOf, type App } from "./app.ts";
import { button, el, find, input } from "./dom.ts";
import { save } from "./downloads.ts";
import { age, counted } from "./format.ts";
import { factsOf } from "./model-select.ts";
import { attempt, showProblem } from "./problem-box.ts";

export function startModelsView(app: App, useModel: (id: string) => void): void {
  const list = find("models-list", HTMLUListElement);
  const status = find("models-status", HTMLElement);
  const box = find("models-problem", HTMLElement);
  const upload = find("models-upload", HTMLButtonElement);
  const form = find("models-form", HTMLFormElement);

  const use = (id: string) => {
    useModel(id);
    app.go("embed");
  };
  app.models.subscribe((models) => {
    status.textContent = models.length > 0 ? `${counted(models.length, "model")}.` : app.client.get() === null ? "Enter an API key to see the models." : "";
    list.replaceChildren(...models.map((model) => modelRow(app, model, use)));
  });
  app.place.subscribe(({ view }) => {
    if (view !== "models" || app.client.get() === null) return;
    app.refreshModels().catch((error: unknown) => showProblem(box, error));
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void attempt({ button: upload, box }, async () => {
      const [file] = input("models-file").files ?? [];
      const licence = input("models-licence").value.trim();
      const { id } = await clientOf(app).uploadModel(file, {
        id: input("models-id").value.trim(),
        ...(licence !== "" && { licence }),
      });
      form.reset();
      await app.refreshModels();
      status.textContent = `${id} is there and can be used.`;
    });
  });
} // prettier-ignore

function modelRow(
  app: App,
  model: Model,
  use: (id: string) => void,
): HTMLElement {
  const { id, name, sha256, provenance, createdAt, links } = model;
  const box = el("div", { role: "alert" });
  const own = links.weights !== null;
  const remove: HTMLButtonElement = button("Delete", () => {
    if (!window.confirm(`Delete the model ${id}? Jobs that use it can no longer be repeated.`)) return;
    void attempt({ button: remove, box }, async () => {
      await clientOf(app).removeModel(id);
      await app.refreshModels();
    });
  }, { class: "plain danger", "aria-label": `Delete ${id}` });
  const weights: HTMLButtonElement = button("Weights", () =>
    void attempt({ button: weights, box }, async () => save(await clientOf(app).modelWeights(id))),
    { class: "plain", "aria-label": `Download the weights of ${id}` });
  return el(
    "li",
    { class: "card row" },
    el("div", { class: "row-head" }, el("h2", {}, id), name !== id && el("span", { class: "hint" }, name)),
    el("p", { class: "hint" }, factsOf(model), createdAt !== null && ` · ${age(createdAt)}`),
    el("p", { class: "hint mono" }, `SHA-256 ${sha256}`),
    el("details", {}, el("summary", {}, "Where it comes from"), el("p", {}, provenance)),
    el("div", { class: "actions" },
      button("Embed with it", () => use(id), { class: "plain", "aria-label": `Embed with ${id}` }),
      own && weights, own && remove),
    box,
  );
} // prettier-ignore
