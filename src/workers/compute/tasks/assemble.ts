/** @file The task `assemble`: the parts of a job, in order, as one table in the format asked for. */
import { packageVersion } from "../../../ad/index.ts";
import {
  type Column,
  checkFreeDisk,
  type Table,
  tableBytes,
  tableFiles,
  tableFormat,
  tokenPolicy,
  writeTable,
} from "../../../unirep/index.ts";
import { checkPart, partRows } from "../part-file.ts";
import { resultColumns } from "../result-columns.ts";
import type { RunTask } from "../task-context.ts";
import type { TaskParams } from "../tasks.ts";

export const runAssemble: RunTask<"assemble"> = async (params, { signal }) => {
  const { format, out } = params;
  if (tableFormat(out) !== `.${format}`)
    throw new RangeError(
      `assemble: expected a path that ends in .${format}, got ${out}`,
    );
  const table = await tableOf(params, signal);
  await checkFreeDisk(out, tableBytes(`.${format}`, table));
  await writeTable(out, table, { signal });
  return { files: tableFiles(out) };
};

/** The table over the parts, each of whose bytes has been checked; none of it is held in memory. */
async function tableOf(
  { parts, columns: asked, model }: TaskParams<"assemble">,
  signal: AbortSignal,
): Promise<Table> {
  const columns = resultColumns(asked, model.units);
  const size = { count: 0, residues: 0, idCodePoints: 0, idBytes: 0 };
  for (const path of parts) {
    const part = await checkPart(path, signal);
    expectPart(path, "first record", size.count, part.first);
    expectPart(path, "weights", model.sha256, part.weights);
    expectPart(path, "columns", names(columns), names(part.columns));
    size.count += part.ids.length;
    for (const length of part.lengths) size.residues += length;
    for (const id of part.ids) {
      size.idCodePoints = Math.max(size.idCodePoints, Array.from(id).length);
      size.idBytes = Math.max(size.idBytes, Buffer.byteLength(id));
    }
  }
  return {
    ...size,
    columns,
    meta: {
      software: "unirep-ts",
      version: packageVersion(),
      model: { units: model.units },
      weights: { id: model.id, sha256: model.sha256, licence: model.licence },
      device: "cpu",
      precision: asked.precision,
      tokenPolicy,
      gaps: "refuse",
      recordsLeftOut: 0,
    },
    async *rows(selected = columns) {
      for (const path of parts) {
        signal.throwIfAborted();
        yield* partRows(path, selected);
      }
    },
  };
}

const names = (columns: readonly Column[]): string =>
  columns.map(({ name }) => name).join(", ");

/** A part of another job, or in the place of another, would make a wrong table without a word. */
function expectPart<T>(path: string, what: string, expected: T, got: T): void {
  if (expected !== got)
    throw new Error(
      `assemble: expected ${what} ${String(expected)} in part ${path}, got ${String(got)}`,
    );
}
