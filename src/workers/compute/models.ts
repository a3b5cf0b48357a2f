/** @file The models that a compute process keeps loaded: the most recently used ones, and all that running tasks hold. */
import type { UniRep } from "../../unirep/index.ts";
import type { ModelFile } from "./tasks.ts";

export interface WarmModels {
  /** A hold on models for one task; `release` lets go of all it got. */
  hold(): ModelHold;
  /** Id and precision of each loaded model, least recently used first. */
  names(): string[];
  /** Of all models that ever were loaded here. */
  laneSteps(): { readonly busy: number; readonly all: number };
}

export interface ModelHold {
  /** Throws a TypeError where the weights are not those that `file` names by their hash. */
  get(file: ModelFile, precision: "f32" | "int8"): Promise<UniRep>;
  release(): void;
}

interface Warm {
  readonly name: string;
  readonly loading: Promise<UniRep>;
  model: UniRep | null;
  holders: number;
}

/** Keeps `most` models; more only while running tasks hold them. `threads` 0: one a core. */
export function createModels(most: number, threads: number): WarmModels {
  const warm = new Map<string, Warm>();
  const freed = { busy: 0, all: 0 };

  const shrink = () => {
    for (const [key, { holders, model }] of warm) {
      if (warm.size <= most) return;
      if (holders > 0 || model === null) continue;
      warm.delete(key);
      const { busy, all } = model.laneSteps();
      freed.busy += busy;
      freed.all += all;
      void model.dispose();
    }
  };

  const hold = (): ModelHold => {
    const held = new Set<Warm>();
    return {
      async get(file, precision) {
        const key = `${file.sha256} ${precision}`;
        const entry = warm.get(key) ?? {
          name: `${file.id} ${precision}`,
          loading: load(file, precision, threads),
          model: null,
          holders: 0,
        };
        // Set again, a key moves to the end: the map is in order of use.
        warm.delete(key);
        warm.set(key, entry);
        if (!held.has(entry)) entry.holders++;
        held.add(entry);
        try {
          entry.model = await entry.loading;
        } catch (error) {
          // Weights that could not be read may be there the next time.
          if (warm.get(key) === entry) warm.delete(key);
          throw error;
        }
        shrink();
        return entry.model;
      },
      release() {
        for (const entry of held) entry.holders--;
        held.clear();
        shrink();
      },
    };
  };

  return {
    hold,
    names: () => [...warm.values()].map(({ name }) => name),
    laneSteps: () => {
      const total = { ...freed };
      for (const { model } of warm.values()) {
        const steps = model?.laneSteps();
        total.busy += steps?.busy ?? 0;
        total.all += steps?.all ?? 0;
      }
      return total;
    },
  };
}

async function load(
  file: ModelFile,
  precision: "f32" | "int8",
  threads: number,
): Promise<UniRep> {
  const [{ loadModel }, { weightsOf }] = await Promise.all([
    import("../../unirep/index.ts"),
    import("./weights.ts"),
  ]);
  return loadModel({ weights: await weightsOf(file), precision, threads });
}
