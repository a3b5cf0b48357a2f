import { loadModel, readSequences, rep } from "./src/unirep/index.ts";
const seqs: string[] = [];
for await (const { sequence } of readSequences(["../shared/data/uniprot-sample.fasta.gz"])) { seqs.push(sequence); if (seqs.length === 3000) break; }
const model = await loadModel({ weights: "unirep-ts-64" });
await rep(seqs.slice(0, 300), { model });
const callers = async (s: string[]) => { let next = 0; await Promise.all(Array.from({ length: 64 }, async () => { while (next < s.length) { const g = s.slice(next, next += 17); await rep(g, { model }); } })); };
for (const n of [1500, 3000, 1500, 3000]) { const s = seqs.slice(0, n); const R = s.reduce((a, x) => a + x.length, 0); for (const [w, f] of [["bare", () => rep(s, { model })], ["64", () => callers(s)]] as const) { const b = { ...model.laneSteps() }; const t = performance.now(); await f(); const l = model.laneSteps(); console.log(n, w, Math.round(R / (performance.now() - t) * 1000), "longest", Math.max(...s.map((x) => x.length)), ((l.busy - b.busy) / (l.all - b.all)).toFixed(3)); } }
await model.dispose();
