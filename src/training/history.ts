/** @file The record of a run beside its checkpoints: one JSON line for every step and validation, for curves and reports. */
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { atomically } from "../unirep/index.ts";
import type { Progress } from "./checkpoint.ts";
import type { StepEvent, ValidationEvent } from "./fit-events.ts";

export type HistoryLine = StepEvent | ValidationEvent;

export class History {
  readonly #file: string;
  #waiting = "";

  constructor(file: string) {
    this.#file = file;
  }

  add(line: HistoryLine): void {
    this.#waiting += `${JSON.stringify(line)}\n`;
  }

  /** Writes what has been added; called before the checkpoint that counts on it. */
  async flush(): Promise<void> {
    const text = this.#waiting;
    this.#waiting = "";
    if (text !== "") await appendFile(this.#file, text);
  }

  /** Drops lines of what will be done again: later steps, a validation that is still due, a line that was torn. */
  async rewind({
    step,
    validationDue,
  }: Pick<Progress, "step" | "validationDue">): Promise<void> {
    const kept = (await readHistory(this.#file)).filter(
      (line) =>
        line.step < step ||
        (line.step === step && (line.type === "step" || !validationDue)),
    );
    const text = kept.map((line) => `${JSON.stringify(line)}\n`).join("");
    await atomically([this.#file], ([temporary]) => writeFile(temporary, text));
  }
}

/** The lines of a history file, in order; none if there is no file. A last line that was torn is left out. */
export async function readHistory(file: string): Promise<HistoryLine[]> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  });
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as HistoryLine);
}
