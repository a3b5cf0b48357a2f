/** @file How far a table job is, its speed and the time it still takes, as one of its units sees it. */
import type { TableKind } from "./tables.ts";
import { partSchema } from "./tables.ts";
import type { Work } from "./work.ts";

/** Milliseconds after which a unit asks again what the others have done. */
const lookAgain = 5000;

/**
 * Tells the job's progress, given the residues of this unit so far: those of units that have ended count, those that run
 * elsewhere are left out, so that it never says too much.
 */
export async function tableProgress(
  work: Work<TableKind>,
): Promise<(residues: number) => Promise<void>> {
  const { total } = work.job.progress;
  const began = performance.now();
  const elsewhere = async () => {
    let sum = 0;
    for (const [unit, result] of await work.results())
      if (unit !== work.unit) sum += partSchema.parse(result).residues;
    return sum;
  };
  let others = await elsewhere();
  let looked = began;
  const before = others;
  return async (residues) => {
    const now = performance.now();
    if (now - looked > lookAgain) {
      looked = now;
      others = await elsewhere();
    }
    const done = Math.min(others + residues, total);
    const seconds = (now - began) / 1000;
    // The first moments are those of loading a model.
    const speed = seconds > 0.5 ? (done - before) / seconds : 0;
    await work.tell({
      type: "progress",
      done,
      total,
      residuesPerSecond: speed > 0 ? Math.round(speed) : null,
      etaSeconds: speed > 0 ? Math.ceil((total - done) / speed) : null,
    });
  };
}
