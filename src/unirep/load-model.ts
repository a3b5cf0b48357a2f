/** @file A loaded model: a network built from weights, and one engine a task that every caller shares. */
import {
  array,
  jit,
  type Array,
  type Device,
  type Precision,
} from "../ad/index.ts";
import { Engine } from "./engine/engine.ts";
import type { Task } from "./engine/program.ts";
import type { ModelConfig, ModelName } from "./model.ts";
import { buildNetwork, type Network } from "./network.ts";
import { checkParams, mapParams, type UniRepParams } from "./params.ts";
import { givenWeights } from "./weights/index.ts";
import type { Weights, WeightsInfo } from "./weights/types.ts";

/**
 * Devices the engine runs on: its lanes and steps change with the work, so one compiled program has to serve all sizes, or
 * compiling has to cost nothing.
 */
const engineDevices = ["cpu", "cuda", "js"] as const;
export type EngineDevice = (typeof engineDevices)[number];

export interface ModelOptions {
  /** Published architecture, by default `"1900"`. */
  readonly model?: ModelName | undefined;
  /** A path, an id, `random[:SEED]` or `untrained[:SEED]`, or weights already read; by default the model's published ones. */
  readonly weights?: string | Weights | undefined;
  /** `cpu` (default): compiled. `cuda`: on an NVIDIA GPU. `js`: the reference, slow. */
  readonly device?: EngineDevice | undefined;
  /** `f32` (default), or `int8` (`cpu` only): 8-bit products, up to three times faster for wide layers and less exact (docs/performance.md). */
  readonly precision?: "f32" | "int8" | undefined;
  /** Threads that compute, none of which is the calling one; by default one a core (docs/performance.md). */
  readonly threads?: number | undefined;
}

/** A model ready to run. */
export interface UniRep {
  readonly config: ModelConfig;
  readonly info: WeightsInfo;
  readonly precision: "f32" | "int8";
  engine(task: Task): Engine;
  /** Steps of lanes that its engines have run: those that read a token, and all. */
  laneSteps(): { readonly busy: number; readonly all: number };
  /** Frees native memory, after running sequences have ended. */
  dispose(): Promise<void>;
}

/** Loads weights and builds the network; compiling happens when a task first runs. */
export async function loadModel(options: ModelOptions = {}): Promise<UniRep> {
  const { device = "cpu", precision = "f32", threads = 0 } = options;
  if (!engineDevices.includes(device))
    throw new TypeError(
      `loadModel: expected a device, one of ${engineDevices.join(", ")}, got ${String(device)}; other devices compile a program for each size, and the engine's sizes follow the work`,
    );
  const weights = await givenWeights("loadModel", options);
  const { config, info } = weights;
  checkParams(weights.params, config);
  const network = await prepareNetwork(weights.params, device);
  const compiled: Precision = precision === "int8" ? "int8" : "float32";
  const engines = new Map<Task, Engine>();
  return {
    config,
    info,
    precision,
    engine(task) {
      let engine = engines.get(task);
      if (!engine) {
        engine = new Engine(config, network, {
          task,
          device,
          precision: compiled,
          threads,
        });
        engines.set(task, engine);
      }
      return engine;
    },
    laneSteps() {
      const total = { busy: 0, all: 0 };
      for (const { laneSteps } of engines.values()) {
        total.busy += laneSteps.busy;
        total.all += laneSteps.all;
      }
      return total;
    },
    dispose: async () => {
      await Promise.all(
        [...engines.values()].map((engine) => engine.dispose()),
      );
      engines.clear();
    },
  };
}

/** The network of float32 host parameters, normalised by the device that will run it. */
export async function prepareNetwork(
  params: UniRepParams,
  device: Device,
): Promise<Network<Array>> {
  const build = jit(buildNetwork, { device });
  const arrays = mapParams(params, ({ data, shape }) => array(data, { shape }));
  const network = build(arrays) as Network<Array>;
  await network.head.b.data();
  await build.dispose();
  return network;
}

const shared = new Map<string, Promise<UniRep>>();

/**
 * The model the options ask for, loaded once in the process; a model already loaded is itself, and a TypeError
 * refuses options that could no longer change it.
 */
export async function sharedModel(
  options: Omit<ModelOptions, "model"> & {
    readonly model?: ModelName | UniRep | undefined;
  },
): Promise<UniRep> {
  const { model, weights, device, precision, threads } = options;
  if (typeof model === "object") {
    const late = Object.entries({ weights, device, precision, threads }).find(
      ([, value]) => value !== undefined,
    );
    if (!late) return model;
    throw new TypeError(
      `model: expected ${late[0]} to be given to loadModel, got it beside a model already loaded`,
    );
  }
  const spec = {
    model: model ?? (weights === undefined ? "1900" : undefined),
    weights,
    device: device ?? "cpu",
    precision: precision ?? "f32",
    threads: threads ?? 0,
  };
  const key = JSON.stringify({
    ...spec,
    weights: typeof weights === "object" ? weights.info.sha256 : weights,
  });
  let loading = shared.get(key);
  if (!loading) {
    shared.set(key, (loading = loadModel(spec)));
    // A failed load (weights not pulled yet, say) may be tried again.
    loading.catch(() => shared.delete(key));
  }
  return loading;
}
