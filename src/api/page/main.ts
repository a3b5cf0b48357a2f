/** @file The page: its parts, put together. */
import type { Model, UnirepClient } from "../client/index.ts";
import { addressOf, clientOf, type App, type Place } from "./app.ts";
import { startEmbedView } from "./embed-view.ts";
import { startEvotuneView } from "./evotune-view.ts";
import { startJobsView } from "./jobs-view.ts";
import { startKeyView } from "./key-view.ts";
import { startModelsView } from "./models-view.ts";
import { observable } from "./observable.ts";
import { startRouter } from "./router.ts";

const app: App = {
  client: observable<UnirepClient | null>(null),
  models: observable<readonly Model[]>([]),
  place: observable<Place>({ view: "embed", job: null }),
  async refreshModels() {
    app.models.set(await clientOf(app).models());
  },
  go(view, job) {
    location.hash = addressOf(view, job);
  },
};

// First the key: it may stand in the address, where the router would look for a section.
startKeyView(app);
startRouter(app.place);
const { useModel } = startEmbedView(app);
startEvotuneView(app, useModel);
startJobsView(app);
startModelsView(app, useModel);
