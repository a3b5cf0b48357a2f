/** @file Runs the fake model over the fake records into the output in argv, slowly, until it is done or killed. */
import { setTimeout as sleep } from "node:timers/promises";
import { writeTable } from "../../../src/unirep/tables/write-table.ts";
import { collect, compute, ingested } from "./fake-run.ts";

const out = process.argv[2];
const run = await ingested(out);
console.log("ready");
for (const { index, sequence } of (await collect(run.pending())).reverse()) {
  await run.put(index, compute(sequence));
  console.log(`done ${index}`);
  await sleep(3);
}
await writeTable(out, run.table({ summary: run.summary }));
console.log("written");
await run.remove();
