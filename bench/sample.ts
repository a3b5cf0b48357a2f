/** @file Metropolis chains in one batch against the same chains one at a time.
 *
 *     npm run --silent bench -- sample [--chains 1000] [--steps 10] [--alone 4] [--model 64] [--weights random] [--length 120] [--threads T] [--json]
 *
 * Both sides run `sampleChains` with the language model's score. `--alone` chains are run each by itself; a step of a chain
 * is a proposal scored. They alternate, because the machine's speed drifts; and those that run alone end where the same
 * chains of the batch are after as many steps, which is checked.
 */
import { parseArgs } from "node:util";
import { languageModelObjective, sampleChains } from "../src/training/index.ts";
import { loadWeights, type ModelName } from "../src/unirep/index.ts";
import { median } from "./lib/stats.ts";

export async function run(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      chains: { type: "string", default: "1000" },
      steps: { type: "string", default: "10" },
      alone: { type: "string", default: "4" },
      model: { type: "string", default: "64" },
      weights: { type: "string", default: "random" },
      length: { type: "string", default: "120" },
      threads: { type: "string", default: "0" },
      json: { type: "boolean", default: false },
    },
  });
  const [chains, steps, alone, length] = [values.chains, values.steps, values.alone, values.length].map(Number); // prettier-ignore
  const weights = await loadWeights({ model: values.model as ModelName, weights: values.weights }); // prettier-ignore
  const objective = await languageModelObjective(weights, { threads: Number(values.threads) }); // prettier-ignore
  const starter =
    "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRVGDGTQDNLSGAEKAVQVKVKALPDAQFEVV"
      .repeat(Math.ceil(length / 70))
      .slice(0, length);

  /** Runs `count` chains from number `first`; steps a second after the starters are scored, and where they ended. */
  const play = async (count: number, first: number) => {
    const starters = Array.from({ length: count }, () => starter);
    let begun = 0;
    let ended: string[] = [];
    for await (const event of sampleChains(starters, objective.score, {
      steps,
      firstChain: first,
      temperature: 1,
    })) {
      // prettier-ignore
      if (event.type === "start") begun = performance.now();
      ended = event.chains.map(({ sequence }) => sequence);
    }
    const rate = (1000 * count * steps) / (performance.now() - begun);
    return { rate, ended };
  };

  await play(chains, 0);
  await play(1, 0);
  const together: number[] = [];
  const single: number[] = [];
  let same = 0;
  for (let k = 0; k < alone; k++) {
    const batch = await play(chains, 0);
    const one = await play(1, k);
    together.push(batch.rate);
    single.push(one.rate);
    if (one.ended[0] === batch.ended[k]) same++;
  }
  await objective.dispose();
  const result = {
    model: weights.config.name,
    weights: weights.info.id,
    chains,
    steps,
    length,
    stepsPerSecond: median(together),
    stepsPerSecondAlone: median(single),
    speedup: median(together) / median(single),
    /** Chains that ended on the same sequence alone as in the batch. */
    sameAlone: `${same} of ${alone}`,
  };
  if (values.json) console.log(JSON.stringify(result));
  else
    for (const [key, value] of Object.entries(result))
      console.log(`${key.padEnd(22)} ${typeof value === "number" ? Number(value.toPrecision(4)) : value}`); // prettier-ignore
}
