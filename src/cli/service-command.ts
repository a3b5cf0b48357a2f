/** @file What `serve` and `worker` share: a flag for every setting, the effective configuration, and an end in good order. */
import { Command, InvalidArgumentError } from "commander";
import {
  readConfig,
  type ServiceConfig,
  settingTable,
  type SettingName,
  shownConfig,
} from "../workers/index.ts";
import { interruptible } from "./interruptible.ts";
import { tell } from "./report.ts";

type Flags = Partial<Record<SettingName, string>> & {
  readonly printConfig?: boolean;
};

/** A part of the service that runs until it is told to drain. */
export interface Running {
  readonly warnings: readonly string[];
  drain(): Promise<void>;
}

/** A command over the settings in `names`; `run` gets a checked configuration. */
export function serviceCommand(
  name: string,
  description: string,
  names: (setting: SettingName) => boolean,
  examples: readonly string[],
  run: (
    config: ServiceConfig,
    /** Whether a setting was given, not taken by default. */
    isGiven: (setting: SettingName) => boolean,
  ) => Promise<void>,
): Command {
  const command = new Command(name)
    .description(description)
    .option(
      "--print-config",
      "print the effective configuration as JSON, without passwords, and exit",
    );
  for (const { name: setting, env, flag, fallback, about } of settingTable) {
    if (!names(setting)) continue;
    const preset = fallback === null ? "" : `, default: ${fallback}`;
    command.option(`${flag} <value>`, `${about} (${env}${preset})`);
  }
  return command
    .addHelpText(
      "after",
      `\nEvery setting is a flag or an environment variable; flags win.\n\nExamples:\n${examples.map((example) => `  ${example}`).join("\n")}`,
    )
    .action(({ printConfig = false, ...flags }: Flags) => {
      const config = checkedConfig(flags);
      if (!printConfig) return run(config, (name) => isGiven(name, flags));
      process.stdout.write(`${JSON.stringify(shownConfig(config), null, 2)}\n`);
    });
}

/** As `readConfig` does, an empty variable counts as none. */
const isGiven = (name: SettingName, flags: Flags): boolean =>
  flags[name] !== undefined ||
  settingTable.some((s) => s.name === name && Boolean(process.env[s.env]));

/** A setting that makes no sense is wrong usage, wherever it was given. */
function checkedConfig(flags: Flags): ServiceConfig {
  try {
    return readConfig(process.env, flags);
  } catch (error) {
    if (error instanceof RangeError)
      throw new InvalidArgumentError(error.message);
    throw error;
  }
}

/** Runs a part of the service until SIGTERM or SIGINT, then drains it; a second signal ends the process at once. */
export async function runUntilStopped<R extends Running>(
  { drainSeconds }: ServiceConfig,
  start: () => Promise<R>,
  announce: (running: R) => void,
): Promise<void> {
  await interruptible(async (signal) => {
    const running = await start();
    for (const warning of running.warnings) tell("warning", warning);
    announce(running);
    if (!signal.aborted)
      await new Promise((resolve) =>
        signal.addEventListener("abort", resolve, { once: true }),
      );
    tell(
      "note",
      `finishing what can be finished in ${drainSeconds} s and handing back the rest; a second signal ends at once`,
    );
    await running.drain();
  });
}
