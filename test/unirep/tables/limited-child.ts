/** @file Writes a table of 1.5 MB in every format to the folder in argv and prints how each attempt failed. */
import { join } from "node:path";
import { memoryTable } from "../../../src/unirep/tables/table.ts";
import {
  tableFormats,
  writeTable,
} from "../../../src/unirep/tables/write-table.ts";

const rows = Array.from({ length: 200 }, (_, k) => ({
  id: `p${k}`,
  length: 1,
  values: [new Float32Array(1900).fill(k / 3)],
}));
const table = memoryTable(
  [{ kind: "vector", name: "h_avg", width: 1900 }],
  rows,
);
for (const format of tableFormats) {
  await writeTable(join(process.argv[2], `x${format}`), table).then(
    () => console.log(`${format} was written`),
    (error: Error) => console.log(error.message),
  );
}
