/** @file The field for proteins: paste, drop or choose FASTA. */
import { button, el } from "./dom.ts";
import { parseFasta } from "./fasta.ts";
import { bytes, counted } from "./format.ts";
import type { Sequences } from "./sequences.ts";

export interface SequenceInput {
  /** What is there now; an error for the user where there is nothing. */
  read(): Sequences;
}

const accepted = ".fasta,.fa,.faa,.fas,.fna,.gb,.gbk,.gp,.dna,.prot,.txt,.gz";

export function sequenceInput(home: HTMLElement, name: string): SequenceInput {
  const text = el("textarea", {
    id: `${name}-text`,
    rows: 7,
    spellcheck: false,
    autocomplete: "off",
    placeholder: ">sp|P01308|INS_HUMAN Insulin\nMALWMRLLPLLALLALWGPDPAAAFVNQHLCGSHLVEALYLVCGERGFFYTPKT…",
    "aria-describedby": `${name}-summary`,
  }); // prettier-ignore
  const picker = el("input", {
    id: `${name}-files`,
    type: "file",
    multiple: true,
    accept: accepted,
    class: "unseen",
  });
  const list = el("ul", { class: "files", "aria-label": "Files" });
  const summary = el("p", { id: `${name}-summary`, class: "hint", role: "status" }); // prettier-ignore
  const zone = el(
    "div",
    { class: "drop" },
    el("label", { for: text.id }, "Proteins as FASTA"),
    text,
    list,
    el(
      "div",
      { class: "below" },
      el("span", { class: "picker" }, picker, el("label", { for: picker.id, class: "button plain" }, "Choose files")), // prettier-ignore
      summary,
    ),
  );
  home.append(zone);
  let files: readonly File[] = [];

  const setFiles = (next: readonly File[]) => {
    files = next;
    list.replaceChildren(...files.map((file, i) => el(
      "li",
      {},
      el("span", {}, `${file.name} · ${bytes(file.size)}`),
      button("Remove", () => setFiles(files.filter((_, k) => k !== i)), { class: "plain small", "aria-label": `Remove ${file.name}` }),
    ))); // prettier-ignore
    tell();
  };
  const tell = () => {
    summary.textContent = summaryOf(text.value, files);
  };

  text.addEventListener("input", tell);
  picker.addEventListener("change", () => {
    setFiles([...files, ...(picker.files ?? [])]);
    picker.value = "";
  });
  const highlight = (on: boolean) => zone.classList.toggle("over", on);
  zone.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    highlight(true);
  });
  zone.addEventListener("dragleave", () => highlight(false));
  zone.addEventListener("drop", (event) => {
    highlight(false);
    const dropped = event.dataTransfer?.files;
    if (!dropped || dropped.length === 0) return;
    event.preventDefault();
    setFiles([...files, ...dropped]);
  });
  tell();
  return {
    read() {
      if (text.value.trim() === "" && files.length === 0)
        throw new Error("Expected proteins, got none: paste FASTA, drop files here, or choose some."); // prettier-ignore
      return { text: text.value, files };
    },
  };
}

function summaryOf(text: string, files: readonly File[]): string {
  const told = [];
  if (text.trim() !== "")
    try {
      const records = parseFasta(text);
      const residues = records.reduce((sum, { sequence }) => sum + sequence.length, 0); // prettier-ignore
      told.push(`${counted(records.length, "sequence")}, ${counted(residues, "residue")}`); // prettier-ignore
    } catch (error) {
      told.push((error as Error).message);
    }
  if (files.length > 0) told.push(counted(files.length, "file"));
  return told.join(" and ") || "Or drop files here: FASTA or GenBank, gzip allowed."; // prettier-ignore
}
