/** @file The folder of a training run: checkpoint, weights, history, and the batch that broke a run. */
import { access, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import {
  loadWeights,
  lockFolder,
  removeTemporaries,
  writeSafetensorsFile,
  type Weights,
} from "../unirep/index.ts";
import {
  readCheckpoint,
  writeCheckpoint,
  type Progress,
} from "./checkpoint.ts";
import { History } from "./history.ts";
import type { TrainState } from "./train-step.ts";

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

const files = {
  checkpoint: "checkpoint.safetensors",
  best: "best.safetensors",
  final: "final.safetensors",
  history: "history.jsonl",
} as const;

export class FitFolder {
  readonly history: History;
  /** Lets other runs have the folder. */
  readonly close: () => Promise<void>;
  readonly #folder: string;

  private constructor(folder: string, close: () => Promise<void>) {
    this.#folder = folder;
    this.close = close;
    this.history = new History(this.#path(files.history));
  }

  /** Creates the folder if need be and takes it; an Error if a living process has it. */
  static async open(folder: string): Promise<FitFolder> {
    await mkdir(folder, { recursive: true });
    const opened = new FitFolder(folder, await lockFolder(folder));
    // What a killed run left half written.
    for (const name of Object.values(files))
      await removeTemporaries(opened.#path(name));
    return opened;
  }

  #path(name: string): string {
    return path.join(this.#folder, name);
  }

  /**
   * The run kept here, if `wanted`; null for a fresh one. A checkpoint that is not asked for, or one of another run, is
   * an Error: neither is ever overwritten.
   */
  async resume(
    like: TrainState,
    run: Progress["run"],
    wanted: boolean,
  ): Promise<{
    state: TrainState;
    progress: Progress;
    best: Weights | null;
  } | null> {
    const file = this.#path(files.checkpoint);
    if (!(await exists(file))) {
      await this.history.rewind({ step: 0, validationDue: false });
      return null;
    }
    if (!wanted)
      throw new Error(
        `fit: expected a folder without a run, found ${file}; resume it, or choose another folder`,
      );
    const { state, progress } = await readCheckpoint(file, run, like);
    await this.history.rewind(progress);
    const best = progress.best
      ? await loadWeights({ weights: this.#path(files.best) })
      : null;
    return { state, progress, best };
  }

  /** Writes history and checkpoint; returns the checkpoint's path. */
  async save(state: TrainState, progress: Progress): Promise<string> {
    await this.history.flush();
    const file = this.#path(files.checkpoint);
    await writeCheckpoint(file, state, progress);
    return file;
  }

  async writeWeights(name: "best" | "final", weights: Weights): Promise<void> {
    await writeSafetensorsFile(this.#path(files[name]), weights);
    await this.history.flush();
  }

  /** Saves the batch of a step that could not be taken; returns the path. */
  async saveBatch(step: number, contents: unknown): Promise<string> {
    const file = this.#path(`batch-${step}.json`);
    await writeFile(file, JSON.stringify(contents));
    return file;
  }
}
