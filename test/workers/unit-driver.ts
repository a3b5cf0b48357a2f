/** @file Drives the handlers of one job without a queue: units with fences, and activations that end as a test wants. */
import { randomUUID } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Compute, StudyEvent } from "../../src/workers/compute/tasks.ts";
import {
  StaleFenceError,
  Stop,
  type Answer,
  type Handlers,
  type Work,
} from "../../src/workers/handlers/work.ts";
import type {
  JobEvent,
  JobKind,
  JobOptions,
  JobRecord,
} from "../../src/workers/jobs/record.ts";
import {
  TakenModelError,
  type ModelCatalogue,
  type ModelRecord,
} from "../../src/workers/models/catalogue.ts";
import type { Log, Service } from "../../src/workers/service.ts";
import { openDirectory } from "../../src/workers/storage/directory.ts";
import { loadWeights } from "../../src/unirep/index.ts";
import { inProcess } from "./in-process.ts";

/** What a test does to the activation when its task tells an event: nothing, or what ends it. */
export type Disturbance =
  "none" | "worker dies" | "process dies" | "shutdown" | "cancel";
/** A promise lets the activation sleep until it is kept. */
export type Disturb = (
  event: StudyEvent,
  unit: string,
) => Disturbance | Promise<void>;

interface Unit {
  fence: number;
  kept: unknown;
  result: unknown;
}

export interface Driven {
  readonly service: Service;
  readonly job: JobRecord;
  readonly events: { readonly unit: string; readonly event: JobEvent }[];
  readonly warnings: string[];
  readonly models: Map<string, ModelRecord>;
  /** Activations that began. */
  readonly starts: () => number;
  /** Runs the job to its end, however often an activation is ended on the way, and returns its result. */
  finish(disturb?: Disturb): Promise<unknown>;
  /** One activation of a unit; what a killed worker would have answered never comes. */
  activate(unit: string, disturb?: Disturb): Promise<Answer | "died">;
}

export interface DriveOptions<K extends JobKind> {
  readonly root: string;
  readonly kind: K;
  readonly handlers: Handlers<K>;
  readonly options: JobOptions[K];
  readonly fasta: string;
  readonly weights: string;
  /** By default tasks run in this process. */
  readonly compute?: Compute;
  /** Errors after which a unit is begun again, beside those that a test causes. */
  readonly retry?: (error: Error) => boolean;
}

export async function drive<K extends JobKind>(
  given: DriveOptions<K>,
): Promise<Driven> {
  const { root, kind, handlers, options, fasta, weights } = given;
  const storage = await openDirectory(mkdtempSync(join(root, "storage-")));
  const id = randomUUID();
  const { info, config } = await loadWeights({ weights });
  const stored = await storage.write(
    `jobs/${id}/input.fasta`,
    Buffer.from(fasta),
  );
  const sequences = fasta.split(">").length - 1;
  const job: JobRecord<K> = {
    id,
    kind,
    options,
    owner: "owner",
    name: null,
    state: "running",
    createdAt: "2026-01-01T00:00:00Z",
    startedAt: new Date().toISOString(),
    endedAt: null,
    model: {
      id: info.id,
      sha256: info.sha256,
      licence: info.licence,
      units: config.units,
    },
    input: {
      key: `jobs/${id}/input.fasta`,
      sequences,
      residues: fasta.length,
      sha256: stored.sha256,
      ranges: [],
      warnings: [],
    },
    progress: { done: 0, total: 0 },
    result: null,
    failure: null,
  };
  const units = new Map<string, Unit>();
  const unitOf = (name: string): Unit => {
    const found = units.get(name) ?? {
      fence: 0,
      kept: null,
      result: undefined,
    };
    units.set(name, found);
    return found;
  };
  const events: { unit: string; event: JobEvent }[] = [];
  const warnings: string[] = [];
  const models = new Map<string, ModelRecord>();
  let progress = job.progress;
  let starts = 0;

  const catalogue: Pick<ModelCatalogue, "find" | "add" | "open" | "remove"> = {
    find: (name, owner) => {
      const model = models.get(name);
      return Promise.resolve(model?.owner === owner ? model : null);
    },
    async add(file, facts) {
      if (models.has(facts.id))
        throw new TakenModelError(`models: ${facts.id} is taken`);
      const read = await loadWeights({ weights: file });
      const { licence = read.info.licence, provenance = read.info.provenance } =
        facts;
      const model: ModelRecord = {
        ...facts,
        licence,
        provenance,
        sha256: read.info.sha256,
        units: read.config.units,
        layers: read.config.layers,
        bytes: 1,
        createdAt: null,
        key: null,
      };
      models.set(facts.id, model);
      return model;
    },
    remove: (name) => Promise.resolve(models.delete(name)),
    open: ({ id: model, sha256 }) =>
      Promise.resolve({ id: model, sha256, weights }),
  };
  const log: Log = {
    debug() {},
    info() {},
    error() {},
    warn: (fields, message) =>
      void warnings.push(`${message}: ${JSON.stringify(fields)}`),
  };
  const store = { get: () => Promise.resolve({ ...job, progress }) };
  const service = {
    config: {},
    backend: { store },
    storage,
    models: catalogue,
    scratch: root,
    log,
  } as unknown as Service;

  const activate = async (
    name: string,
    disturb: Disturb = () => "none",
  ): Promise<Answer | "died"> => {
    const unit = unitOf(name);
    const fence = ++unit.fence;
    starts++;
    const controller = new AbortController();
    let isDead = false;
    const check = () => {
      if (unit.fence !== fence || isDead)
        throw new StaleFenceError(`unit ${name}: a later activation has begun`);
    };
    const inner = given.compute ?? inProcess;
    const compute: Compute = {
      run: (task, params, { signal, onEvent } = {}) =>
        inner.run(task, params, {
          signal,
          async onEvent(event) {
            const what = await disturb(event as StudyEvent, name);
            // What a dead worker may still do in this process counts as little as what a zombie does.
            isDead ||= what === "worker dies";
            if (isDead || what === "process dies")
              throw new Error("the process died");
            if (what === "shutdown" || what === "cancel")
              controller.abort(
                new Stop(what === "cancel" ? "cancelled" : "shutdown"),
              );
            await onEvent?.(event);
          },
        }),
    };
    const work: Work<K> = {
      service,
      compute,
      job,
      unit: name,
      fence,
      folder: mkdtempSync(join(root, "work-")),
      signal: controller.signal,
      tell(event) {
        if (event.type === "progress") progress = event;
        events.push({ unit: name, event });
        return Promise.resolve();
      },
      results: () =>
        Promise.resolve(
          new Map(
            [...units].flatMap(([key, { result }]) =>
              key === "main" || result === undefined
                ? []
                : [[key, result] as const],
            ),
          ),
        ),
      keep(value) {
        return Promise.resolve().then(() => {
          check();
          unit.kept = JSON.parse(JSON.stringify(value));
        });
      },
      kept: () => Promise.resolve(unit.kept),
    };
    await mkdir(work.folder, { recursive: true });
    const handler = name === "main" ? handlers.main : handlers.unit;
    const answer = await handler(work).catch((error: unknown) => {
      if (isDead) return "died" as const;
      throw error;
    });
    if (answer !== "died" && answer.type === "done") {
      check();
      unit.result = JSON.parse(JSON.stringify(answer.result));
    }
    return answer;
  };

  const untilDone = async (name: string, disturb?: Disturb): Promise<void> => {
    while (unitOf(name).result === undefined) {
      try {
        const answer = await activate(name, disturb);
        if (answer !== "died" && answer.type === "children")
          for (const child of answer.units) await untilDone(child, disturb);
      } catch (error) {
        const wanted =
          (error instanceof Stop && error.why === "shutdown") ||
          (error as Error).message === "the process died";
        if (!wanted && !given.retry?.(error as Error)) throw error;
      }
    }
  };

  return {
    service,
    job,
    events,
    warnings,
    models,
    activate,
    starts: () => starts,
    async finish(disturb) {
      await untilDone("main", disturb);
      return unitOf("main").result;
    },
  };
}
