/** @file The process that compute-faults.test.ts kills: the parent of a compute process that has a minute of work. */
import { minute, openPool, request, smallModel } from "./compute-pools.ts";

const { model, file } = await smallModel();
await model.dispose();
const { pool } = openPool();
void pool.run("represent", request(file, minute()));
setInterval(() => {
  for (const { pid, residues, models } of pool.facts())
    if (models.length > 0) process.stdout.write(`${pid} ${residues}\n`);
}, 50);
