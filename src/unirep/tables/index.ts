/** @file Output tables in six formats, and the work folder that makes a long run resumable. */
export { checkFreeDisk, runBytes, tableBytes } from "./disk.ts";
export { float32List, float32Text } from "./float-text.ts";
export { npyHeader } from "./npy.ts";
export { lockFolder } from "./run-lock.ts";
export type { PendingRecord, Run } from "./run.ts";
export type { RunRecord } from "./run-ingest.ts";
export {
  createRun,
  type Ingest,
  type OpenedRun,
  openRun,
  type RunSpec,
  type StoredRun,
} from "./run-store.ts";
export {
  type Column,
  memoryTable,
  type Row,
  type Table,
  type TableSize,
  type Value,
} from "./table.ts";
export {
  checkLayout,
  type TableFormat,
  tableFiles,
  tableFormat,
  tableFormats,
  writeTable,
} from "./write-table.ts";
