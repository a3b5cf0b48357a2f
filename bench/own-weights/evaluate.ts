/** @file Perplexity of weights on the held-out families of unirep-ts-64 and on other sets, as one JSON object.
 *
 *     npx tsx bench/own-weights/evaluate.ts FASTA [OTHER.fasta…] --weights W [--weights W…]
 */
import path from "node:path";
import { parseArgs } from "node:util";
import { loadModel, readSequences } from "../../src/unirep/index.ts";
import { readSplit } from "./data.ts";
import { perplexityOf, type SetPerplexity } from "./perplexity.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { weights: { type: "string", multiple: true, default: [] } },
});
const [fasta, ...others] = positionals;
const sets = new Map([["held-out families", (await readSplit(fasta)).heldOut]]);
for (const file of others) {
  const sequences: string[] = [];
  for await (const { sequence } of readSequences([file]))
    sequences.push(sequence);
  sets.set(path.basename(file), sequences);
}

const results: Record<string, SetPerplexity> = {};
for (const weights of values.weights) {
  const model = await loadModel({ weights });
  for (const [name, sequences] of sets)
    results[`${model.info.id} on ${name}`] = await perplexityOf(
      sequences,
      model,
    );
  await model.dispose();
}
console.log(JSON.stringify(results, null, 2));
