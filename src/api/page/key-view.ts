/** @file The section for the API key: who one is, and what is wrong with a key that does not work. */
import { UnirepError } from "../client/index.ts";
import type { App } from "./app.ts";
import { find, input } from "./dom.ts";
import { readKey } from "./key-shape.ts";
import { clearProblem, showProblem } from "./problem-box.ts";
import {
  clientFor,
  forgetKey,
  keepKey,
  keptKey,
  keyInAddress,
} from "./session.ts";

export function startKeyView(app: App): void {
  const form = find("key-form", HTMLFormElement);
  const known = find("key-known", HTMLElement);
  const problem = find("key-problem", HTMLElement);
  const field = input("key-field");

  async function use(key: string): Promise<void> {
    clearProblem(problem);
    const read = readKey(key);
    if ("wrong" in read) return showProblem(problem, read.wrong);
    app.client.set(clientFor(key));
    const who = find("key-who", HTMLElement);
    try {
      await app.refreshModels();
      who.textContent = `You are key ${read.id}.`;
    } catch (error) {
      if (!(error instanceof UnirepError && error.status === 403)) {
        app.client.set(null);
        forgetKey();
        showForm(true);
        return showProblem(problem, explained(error));
      }
      // A key without the scope `models` can still embed with the service's own model.
      who.textContent = `You are key ${read.id}; you may not list models, and the service's own is used.`; // prettier-ignore
    }
    keepKey(key);
    field.value = "";
    showForm(false);
  }

  function showForm(shown: boolean): void {
    form.hidden = !shown;
    known.hidden = shown;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void use(field.value.trim());
  });
  find("key-forget", HTMLButtonElement).addEventListener("click", () => {
    forgetKey();
    app.client.set(null);
    app.models.set([]);
    showForm(true);
    field.focus();
  });
  const useAddress = (otherwise: string | null) => {
    const key = keyInAddress() ?? otherwise;
    if (key !== null) void use(key);
  };
  window.addEventListener("hashchange", () => useAddress(null));
  useAddress(keptKey());
}

const explained = (error: unknown): unknown =>
  error instanceof UnirepError && error.status === 401
    ? "The key has the right form, but the service does not know it: it was revoked, has expired, or belongs to another service."
    : error; // prettier-ignore
