/** @file What the API and the command line use of the workers. */
export type { Backend } from "./backend/backend.ts";
export { openBackend } from "./backend/open.ts";
export { ComputeError } from "./compute/compute-error.ts";
export {
  openCompute,
  type ComputeOptions,
  type ComputePool,
} from "./compute/pool.ts";
export { resultColumns } from "./compute/result-columns.ts";
export type * from "./compute/tasks.ts";
export { addTotals, type ComputeTotals } from "./compute/totals.ts";
export * from "./config.ts";
export { BadInputError } from "./handlers/work.ts";
export { readFigures, waitBuckets, type JobFigures } from "./jobs/figures.ts";
export type * from "./jobs/jobs.ts";
export { openJobs } from "./jobs/open.ts";
export * from "./jobs/record.ts";
export * from "./models/catalogue.ts";
export { openService, type OpenedService } from "./open-service.ts";
export { optionalPackage } from "./optional-package.ts";
export type { Log, Service } from "./service.ts";
export * from "./storage/storage.ts";
export type * from "./store/store.ts";
export { compareEventIds } from "./store/text.ts";
export { startWorkshop, type Workshop } from "./workshop.ts";
