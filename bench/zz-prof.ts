import { makeJaxpr, tree, type Array } from "../src/ad/index.ts";
import { emitProgram } from "../src/ad/backends/onnx/emit.ts";
import { encodeModel } from "../src/ad/backends/onnx/proto.ts";
import { lowerJaxpr } from "../src/ad/lowering/lower.ts";
import { optimize } from "../src/ad/passes/index.ts";
import { exampleArguments, trainStep, recurrentFlops } from "./lib/train-step.ts";
import * as ort from "onnxruntime-node";
import { readFileSync, unlinkSync } from "node:fs";
const shape = { units: 1900, lanes: Number(process.argv[2]), steps: Number(process.argv[3]) };
const threads = Number(process.argv[4] ?? 0);
const args = exampleArguments(shape);
const o = optimize(makeJaxpr(trainStep(shape) as never)(...(args as never[])));
const program = lowerJaxpr(o.jaxpr, o.consts as Array[]);
const graph = emitProgram(program, { symbols: new Map(), threads, precision: "float32" });
const create = (profile: boolean) => ort.InferenceSession.create(encodeModel(graph), { executionProviders: ["cpu"], intraOpNumThreads: threads, logSeverityLevel: 3, enableProfiling: profile, profileFilePrefix: "/tmp/ortprof", externalData: graph.initializers.flatMap((i) => i.external ? [{ path: i.name, data: i.data }] : []), extra: { session: { set_denormal_as_zero: "1" } } } as never);
const s = await create(true);
const inputs = (tree.flatten(args)[0] as Array[]);
const feeds: any = {};
graph.inputs.forEach(({ name, type }, i) => feeds[name] = new ort.Tensor(type.element as "float32", inputs[i].dataSync() as Float32Array, inputs[i].shape));
for (let i = 0; i < 3; i++) { const t = performance.now(); await s.run(feeds); const ms = performance.now() - t; console.log("run", ms.toFixed(0), "ms", (recurrentFlops(shape) / ms / 1e6).toFixed(1), "GFLOP/s"); }
(s as any).endProfiling();
const { readdirSync } = await import("node:fs");
const file = readdirSync("/tmp").filter((f) => f.startsWith("ortprof")).sort().at(-1)!;
const events = JSON.parse(readFileSync("/tmp/" + file, "utf8"));
unlinkSync("/tmp/" + file);
const by = new Map<string, [number, number]>();
let total = 0;
for (const e of events) if (e.cat === "Node" && e.name.endsWith("_kernel_time")) {
  const shapes = process.argv[5] ? JSON.stringify(e.args.input_type_shape?.map((x: any) => Object.values(x)[0]) ?? "") : "";
  const key = e.args.op_name + " " + shapes;
  const [t, n] = by.get(key) ?? [0, 0];
  by.set(key, [t + e.dur, n + 1]);
  if (e.args.op_name === "Scan") total += 0; 
}
const rows = [...by].sort((a, b) => b[1][0] - a[1][0]).slice(0, 40);
for (const [k, [t, n]] of rows) console.log(k.padEnd(90), (t / 3000).toFixed(1).padStart(9), "ms", n / 3);
process.exit(0);
