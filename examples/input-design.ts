/** @file Input design: gradient ascent on a relaxed sequence while the parameters of its score stay fixed. */
import * as Plot from "@observablehq/plot";
import { jit, nn, numpy as np, optimizers, random, valueAndGrad, vmap, type Value } from "unirep-ts/ad"; // prettier-ignore
import { savePlot } from "./lib/plot.ts";

const [length, letters, starts, steps] = [16, 5, 64, 300];
const [kSingle, kPair, kStart] = random.split(random.key(4), 3);
/** A score like a profile with neighbours: letter a at position i, and letter b after letter a. */
export const single = random.normal(kSingle, [length, letters]);
export const pair = np.multiply(0.7, random.normal(kPair, [letters, letters]));

/** The score of a sequence of letter probabilities (length, letters): what it would be on average. */
const score = (p: Value) => {
  const [before, after] = [np.delete(p, length - 1, 0), np.delete(p, 0, 0)];
  return np.add(
    np.sum(np.multiply(p, single)),
    np.sum(np.multiply(np.matmul(before, pair), after)),
  );
};
const relaxed = (logits: Value) => score(nn.softmax(logits));

// Many starts climb side by side; the optimizer only ever sees inputs.
const adam = optimizers.adam(0.1);
const climb = jit((i: Value, state: ReturnType<typeof adam.init<Value>>) => {
  const [scores, slopes] = vmap(valueAndGrad(relaxed))(adam.getParams(state));
  return [adam.update(i, np.negative(slopes), state), scores] as const;
});
let state = adam.init<Value>(random.normal(kStart, [starts, length, letters]));
const history: number[][] = [];
for (let i = 0; i < steps; i++) {
  const [next, scores] = climb(np.array(i), state);
  state = next;
  history.push([...(await scores.data())]);
}

const designs = adam.getParams(state);
await designs.data();
/** Each start's most probable letters, and the score of that sequence itself. */
const sequences = np.argmax(designs, -1);
const exact = vmap((s: Value) => score(nn.oneHot(s, letters)))(
  sequences,
).tolist() as number[];
const best = exact.indexOf(Math.max(...exact));
export const design = {
  score: exact[best],
  sequence: (sequences.tolist() as number[][])[best],
};

// prettier-ignore
savePlot("input-design", {
  y: { label: "score of the relaxed sequence" },
  marks: [
    Plot.line(history.flatMap((scores, step) => step % 6 ? [] : scores.map((value, start) => ({ step, value, start }))), { x: "step", y: "value", z: "start", stroke: "steelblue", strokeOpacity: 0.3 }),
    Plot.ruleY([design.score], { stroke: "crimson", strokeDasharray: "4" }),
  ],
});
