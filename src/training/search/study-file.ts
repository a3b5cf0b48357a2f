/** @file The study file: JSON lines that several processes append to and read; a line is there whole or not at all. */
import { mkdir, open, stat, truncate } from "node:fs/promises";
import path from "node:path";
import type { Line } from "./study-lines.ts";

export class StudyFile {
  readonly path: string;
  readonly #lines: Line[] = [];
  #read = 0;

  private constructor(file: string) {
    this.path = file;
  }

  /** Opens the file in `folder`, which is made; `mend` drops a last line that was torn, and is for one process alone. */
  static async open(folder: string, mend: boolean): Promise<StudyFile> {
    await mkdir(folder, { recursive: true });
    const study = new StudyFile(path.join(folder, "study.jsonl"));
    await study.news();
    if (mend && (await study.#size()) > study.#read)
      await truncate(study.path, study.#read);
    return study;
  }

  /** All lines read so far, in order. */
  get lines(): readonly Line[] {
    return this.#lines;
  }

  /** Appends lines and waits until they are on the disk. */
  async append(...lines: readonly Line[]): Promise<void> {
    const handle = await open(this.path, "a");
    try {
      // One write, unless the disk is full: lines of processes that append at once do not mix.
      await handle.appendFile(
        lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
      );
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** Reads what has been appended since the last call, by this process or another. */
  async news(): Promise<Line[]> {
    const end = await this.#size();
    if (end <= this.#read) return [];
    const handle = await open(this.path, "r");
    try {
      const bytes = Buffer.alloc(end - this.#read);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, this.#read); // prettier-ignore
      const whole = bytes.subarray(0, bytes.lastIndexOf("\n", bytesRead) + 1);
      const texts = whole.toString().split("\n").slice(0, -1);
      const lines = texts.map((text) => this.#parse(text));
      this.#read += whole.length;
      this.#lines.push(...lines);
      return lines;
    } finally {
      await handle.close();
    }
  }

  #parse(text: string): Line {
    try {
      return JSON.parse(text) as Line;
    } catch (cause) {
      throw new Error(
        `${this.path}: expected a JSON object in every line, got ${JSON.stringify(text.slice(0, 40))}; delete the folder to start over`,
        { cause },
      );
    }
  }

  async #size(): Promise<number> {
    return stat(this.path).then(
      ({ size }) => size,
      (error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
        throw error;
      },
    );
  }
}
