/** @file Handlers of sampling jobs: all chains in one unit, which goes on where it was stopped. */
import { createReadStream } from "node:fs";
import path from "node:path";
import type { JobResult } from "../jobs/record.ts";
import { keptWork } from "./kept-work.ts";
import { tellGrowing } from "./progress.ts";
import { fetchFile } from "./tables.ts";
import type { Handlers } from "./work.ts";

/** The result is the table of all proposals. */
export const sampleHandlers: Handlers<"sample"> = {
  main: (work) =>
    keptWork(work, async (folder): Promise<JobResult> => {
      const { job, fence, service, signal } = work;
      const { input, options } = job;
      const model = await service.models.open(job.model);
      const file = path.join(work.folder, "input.fasta");
      await fetchFile(service, input.key, file, { signal });
      const out = path.join(work.folder, "result.csv");
      const { summary } = await folder.run(
        "sample",
        { model, file, folder: folder.path, options, out },
        tellGrowing(work),
      );
      const key = `jobs/${job.id}/result.${fence}.csv`;
      const stored = await service.storage.write(key, createReadStream(out), { signal }); // prettier-ignore
      return { key, format: "csv", ...stored, summary };
    }),

  unit: ({ unit }) =>
    Promise.reject(
      new Error(`sampling: expected the unit main alone, got ${unit}`),
    ),
};
