/** @file The report of a finished search, as Markdown and as a self-contained HTML page beside its study file. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { atomically, loadWeights, type WeightsInfo } from "../unirep/index.ts";
import { readHistory, type HistoryLine } from "./history.ts";
import type { Block } from "./report-blocks.ts";
import { toHtml } from "./report-html.ts";
import { toMarkdown } from "./report-markdown.ts";
import { chosenBlocks, trialBlocks } from "./report-trials.ts";
import { StudyFile } from "./search/study-file.ts";
import type { Line } from "./search/study-lines.ts";

/** An input file of the search, as it was stored. */
export interface ReportInput {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Writes report.md and report.html to the folder of a finished search and returns their paths; equal studies give equal reports. */
export async function writeReport(
  folder: string,
  { inputs = [] }: { readonly inputs?: readonly ReportInput[] } = {},
): Promise<string[]> {
  const { lines, path: file } = await StudyFile.open(folder, false);
  if (!lines.some(({ type }) => type === "done"))
    throw new Error(
      `writeReport: expected a finished study in ${file}, got ${lines.length === 0 ? "none" : "one that is under way"}; finish it with evotune`,
    );
  const tuned = await loadWeights({ weights: path.join(folder, "best.safetensors") }); // prettier-ignore
  const history = await readHistory(path.join(folder, "history.jsonl"));
  const blocks = reportBlocks(lines, history, tuned.info, inputs);
  const files = ["report.md", "report.html"].map((x) => path.join(folder, x));
  await atomically(files, async ([markdown, html]) => {
    await writeFile(markdown, toMarkdown(blocks));
    await writeFile(html, toHtml(blocks));
  });
  return files;
}

function reportBlocks(
  lines: readonly Line[],
  history: readonly HistoryLine[],
  tuned: WeightsInfo,
  inputs: readonly ReportInput[],
): Block[] {
  const study = lines.find((x) => x.type === "study");
  const base = lines.find((x) => x.type === "baseline");
  const chosen = lines.find((x) => x.type === "chosen");
  if (!study || !base || !chosen)
    throw new Error("writeReport: the study file lacks its first lines");
  const steps = history.filter((x) => x.type === "step");
  return [
    { type: "heading", level: 1, text: `Evotuning of ${study.weights.id}` },
    {
      type: "text",
      text: `Perplexity a token on sequences held out: ${base.perplexity.toFixed(3)} before, ${Math.exp(chosen.value).toFixed(3)} after (${study.folds}-fold cross-validation; the setting was chosen on these same folds, so the second figure is slightly too low for new proteins).`,
    },
    ...chosenBlocks(study, chosen),
    ...trialBlocks(study, lines),
    { type: "heading", level: 2, text: "Final fit" },
    {
      type: "text",
      text: `Trained on all ${study.sequences} sequences for ${chosen.epochs} epochs, ${steps.length} steps. Nothing is held out here: the loss is that of the training data.`,
    },
    {
      type: "figure",
      caption: "Training loss of the final fit",
      x: "step",
      y: "cross-entropy, nats",
      curves: [
        {
          name: "final fit",
          weight: "main",
          points: steps.map((x) => [x.step, x.loss] as const),
        },
      ],
    },
    { type: "heading", level: 2, text: "Data and weights" },
    {
      type: "table",
      head: ["what", "value"],
      rows: [
        ["sequences", `${study.sequences}, ${study.residues} residues`],
        ["SHA-256 of the sequences", study.data],
        ...inputs.map(({ file, bytes, sha256 }) => [
          "input",
          `${path.basename(file)}, ${bytes} bytes, SHA-256 ${sha256}`,
        ]),
        ["trained from", `${study.weights.id}, SHA-256 ${study.weights.sha256}`],
        ["tuned weights", `${tuned.id}, SHA-256 ${tuned.sha256}`],
        ["licence", tuned.licence],
        ["provenance", tuned.provenance],
      ],
    }, // prettier-ignore
    { type: "heading", level: 2, text: "Use" },
    {
      type: "code",
      text: "unirep score proteins.fasta --weights best.safetensors\nunirep embed proteins.fasta --weights best.safetensors -o proteins.npz",
    },
    {
      type: "code",
      text: 'import { rep } from "unirep-ts";\nconst { hAvg } = await rep("MKLVPRG", { weights: "best.safetensors" });',
    },
  ];
}
