/** @file The model that an evotuning job adds to the catalogue: under which id, and what is said of where it comes from. */
import { checkModelId } from "../models/candidate.ts";
import { TakenModelError } from "../models/catalogue.ts";
import { BadInputError, type Work } from "./work.ts";

type EvotuneWork = Work<"evotune">;

interface Tuned {
  /** Local safetensors file. */
  readonly file: string;
  /** SHA-256 of its parameters. */
  readonly sha256: string;
  readonly setting: Readonly<Record<string, unknown>>;
  readonly epochs: number;
}

/** Ends a job at its beginning whose model could not get the id that was asked for: a BadInputError. */
export async function refuseBadName({ job, service }: EvotuneWork): Promise<void> {
  const { modelName } = job.options;
  checkModelId(modelName);
  const found = await service.models.find(modelName, job.owner);
  if (found !== null && found.job !== job.id)
    throw new BadInputError(
      `evotuning: expected an id for the tuned model that is free, got ${modelName}; choose another modelName`,
    );
} // prettier-ignore

/**
 * Adds the model once, however often it is called. An id that was taken while the job ran costs nobody the weights: the
 * model gets a longer one, and the warning says so.
 */
export async function addTunedModel(
  { job, service: { models } }: EvotuneWork,
  { file, sha256, ...how }: Tuned,
): Promise<{ readonly model: string; readonly warnings: readonly string[] }> {
  const { modelName } = job.options;
  const longer = `${modelName.slice(0, 55)}-${job.id.slice(0, 8)}`;
  for (const id of [modelName, longer]) {
    const old = await models.find(id, job.owner);
    // Added by an activation that was stopped afterwards, on a machine whose numbers differ in the last bits.
    if (old?.job === job.id && old.sha256 !== sha256) await models.remove(id, job.owner); // prettier-ignore
    try {
      await models.add(file, {
        id,
        name: job.name ?? id,
        owner: job.owner,
        source: "tuned",
        job: job.id,
        provenance: provenanceOf(job, how),
      });
    } catch (error) {
      if (error instanceof TakenModelError) continue;
      throw error;
    }
    const warnings = id === modelName ? [] : [`the id ${modelName} was taken while the job ran; the model is ${id}`]; // prettier-ignore
    return { model: id, warnings };
  }
  throw new BadInputError(
    `evotuning: expected ${modelName} or ${longer} to be a free id for the tuned model, got both taken`,
  );
}

function provenanceOf(
  { id, model, input }: EvotuneWork["job"],
  { setting, epochs }: Pick<Tuned, "setting" | "epochs">,
): string {
  const words = Object.entries(setting).map(([name, value]) => `${name} ${JSON.stringify(value)}`); // prettier-ignore
  return `evotuned by job ${id} from ${model.id} (SHA-256 ${model.sha256}) on ${input.sequences} sequences (SHA-256 of their FASTA ${input.sha256}), ${[...words, `${epochs} epochs`].join(", ")}`;
}
