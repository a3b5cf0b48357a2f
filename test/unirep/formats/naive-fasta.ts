/** @file Brute-force twin of the FASTA reader: whole text, line by line, character by character. */
const rare = "UOXBZJ";
const accepted = `ACDEFGHIKLMNPQRSTVWY${rare}`;

/** The outcome of `readFasta` on a Latin-1 text as `outcome` in streams.ts gives it, without the messages. */
export function naiveFasta(text: string, gaps: "refuse" | "remove"): unknown[] {
  const lines = text.replace(/^\u00ef\u00bb\u00bf/, "").split(/\r\n|\r|\n/);
  const first = lines.findIndex(
    (line) => !line.startsWith(";") && /[^ \t]/.test(line),
  );
  if (first < 0) return [{ thrown: {} }];
  if (!lines[first].startsWith(">")) {
    const column = lines[first].search(/[^ \t]/) + 1;
    return [{ thrown: { line: first + 1, column } }];
  }
  const starts = lines.flatMap((line, i) =>
    i >= first && line.startsWith(">") ? [i] : [],
  );
  return starts.map((start, i) =>
    readRecord(lines, start, starts[i + 1] ?? lines.length, i + 1, gaps),
  );
}

function readRecord(
  lines: string[],
  start: number,
  end: number,
  record: number,
  gaps: "refuse" | "remove",
): unknown {
  const bytes = Buffer.from(lines[start].slice(1), "latin1");
  let header: string;
  try {
    header = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      bytes,
    );
  } catch {
    return { record, line: start + 1 };
  }
  const [, id, description] = /^\s*(\S*)\s*(.*?)\s*$/su.exec(header) ?? [];
  if (id === "") return { record, line: start + 1 };
  const letters: { letter: string; line: number; column: number }[] = [];
  for (let l = start + 1; l < end; l++) {
    [...lines[l]].forEach((letter, c) => {
      if (letter !== " " && letter !== "\t") {
        letters.push({ letter, line: l + 1, column: c + 1 });
      }
    });
  }
  const upper = (letter: string) =>
    /[a-z]/.test(letter) ? letter.toUpperCase() : letter;
  const kept: string[] = [];
  let gapsRemoved = 0;
  for (const [i, { letter, line, column }] of letters.entries()) {
    const isGap = (c: string) => gaps === "remove" && "-.".includes(c);
    if (isGap(letter)) gapsRemoved++;
    else if (accepted.includes(upper(letter))) kept.push(upper(letter));
    else if (letter === "*") {
      // A stop is wrong when a letter or another stop follows before anything that is wrong by itself.
      const next = letters.slice(i + 1).find((later) => !isGap(later.letter));
      if (!next) continue;
      const wrong =
        next.letter === "*" || accepted.includes(upper(next.letter));
      const place = wrong
        ? { line, column }
        : { line: next.line, column: next.column };
      return { record, id, ...place };
    } else return { record, id, line, column };
  }
  if (kept.length === 0) return { record, id, line: start + 1 };
  const counts: Record<string, number> = {};
  for (const letter of kept) {
    if (rare.includes(letter)) counts[letter] = (counts[letter] ?? 0) + 1;
  }
  return {
    ...{ id, description, sequence: kept.join(""), record },
    ...{ line: start + 1, gapsRemoved, rare: counts },
  };
}
