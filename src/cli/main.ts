#!/usr/bin/env node
/** @file The command `unirep`: finds the subcommand, loads only that one, and turns its outcome into an exit code. */
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { exitCodes, exitCodesHelp, Interrupted } from "./exit-codes.ts";
import { packageVersion } from "./version.ts";

const commands: Readonly<
  Record<string, { description: string; load: () => Promise<Command> }>
> = {
  embed: {
    description: "compute UniRep representations of proteins",
    load: async () => (await import("./embed.ts")).embedCommand(),
  },
  score: {
    description: "compute the language model's perplexity of proteins",
    load: async () => (await import("./score.ts")).scoreCommand(),
  },
  fit: {
    description: "train a model on proteins",
    load: async () => (await import("./fit.ts")).fitCommand(),
  },
  evotune: {
    description: "search how to tune a model to a family, then tune it",
    load: async () => (await import("./evotune.ts")).evotuneCommand(),
  },
  sample: {
    description: "change proteins towards a higher score",
    load: async () => (await import("./sample.ts")).sampleCommand(),
  },
  babble: {
    description: "draw proteins from the language model",
    load: async () => (await import("./babble.ts")).babbleCommand(),
  },
  "train-top": {
    description: "fit a model of a measured property",
    load: async () => (await import("./train-top.ts")).trainTopCommand(),
  },
  predict: {
    description: "predict a property with a model of train-top",
    load: async () => (await import("./predict.ts")).predictCommand(),
  },
  export: {
    description: "write a model as an ONNX file",
    load: async () => (await import("./export.ts")).exportCommand(),
  },
  info: {
    description: "show version, devices and weights",
    load: async () => (await import("./info.ts")).infoCommand(),
  },
  serve: {
    description: "run the service: REST API, web page and workers",
    load: async () => (await import("./serve.ts")).serveCommand(),
  },
  worker: {
    description: "work on the queues of a service",
    load: async () => (await import("./worker.ts")).workerCommand(),
  },
  keys: {
    description: "make, list and revoke the API keys of a running service",
    load: async () => (await import("./keys.ts")).keysCommand(),
  },
  weights: {
    description: "get, convert and check model weights",
    load: async () => (await import("./weights.ts")).weightsCommand(),
  },
};

async function program(argv: readonly string[]): Promise<Command> {
  const root = new Command("unirep")
    .description("UniRep protein representations")
    .version(packageVersion(), "-V, --version")
    .showHelpAfterError("(-h shows the usage)")
    .addHelpText(
      "after",
      `\nExamples:\n  unirep weights pull unirep-1900\n  unirep embed proteins.fasta -o proteins.npz\n  unirep score proteins.fasta --json\n  unirep serve\n  unirep embed -h\n${exitCodesHelp}`,
    );
  // `unirep embed …` and `unirep help embed`; a file that is called like a command only costs its loading.
  const named = argv.slice(0, 2);
  for (const [name, { description, load }] of Object.entries(commands)) {
    root.addCommand(
      named.includes(name)
        ? await load()
        : new Command(name).description(description),
    );
  }
  throwInsteadOfExit(root);
  return root;
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const sub of command.commands) throwInsteadOfExit(sub);
}

function fail(error: unknown): number {
  if (error instanceof InvalidArgumentError) {
    process.stderr.write(`error: ${error.message}\n`);
    return exitCodes.usage;
  }
  if (error instanceof CommanderError)
    return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  const shown = error instanceof Error ? error : new Error(String(error));
  if (process.env.UNIREP_DEBUG === "1" && shown.stack)
    process.stderr.write(`${shown.stack}\n`);
  process.stderr.write(
    error instanceof Interrupted
      ? `${shown.message}\n`
      : `error: ${shown.message}\n`,
  );
  return error instanceof Interrupted ? error.exitCode : exitCodes.failed;
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // A reader that has left (`| head`) needs no telling.
  if (error.code !== "EPIPE")
    process.stderr.write(
      `error: cannot write standard output: ${error.message}\n`,
    );
  process.exit(exitCodes.failed);
});
process.stderr.on("error", () => process.exit(exitCodes.failed));
// Node's own form of a warning names its process; rare letters are counted in the commands' summaries.
process.removeAllListeners("warning");
process.on("warning", (warning: Error & { code?: string }) => {
  if (warning.code !== "UNIREP_RARE_LETTER")
    process.stderr.write(`warning: ${warning.message}\n`);
});

try {
  const argv = process.argv.slice(2);
  await (await program(argv)).parseAsync(argv, { from: "user" });
} catch (error) {
  process.exitCode = fail(error);
  // What an interruption left running must not hold the terminal.
  if (error instanceof Interrupted) process.exit();
}
