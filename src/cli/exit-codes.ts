/** @file The exit codes of every command, and the interruption that becomes one. */
import { constants } from "node:os";

export const exitCodes = {
  /** All was done. */
  done: 0,
  /** The command failed: bad input, missing weights, a full disk. */
  failed: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** All was done, but records were left out as `--on-error skip` allows. */
  skipped: 3,
} as const;

export const exitCodesHelp = `
Exit codes:
  0    done
  1    failed: bad input, missing weights, a full disk, ...
  2    wrong usage
  3    done, but records were left out (--on-error skip)
  130  interrupted (SIGINT); 143 terminated (SIGTERM)`;

export type StopSignal = "SIGINT" | "SIGTERM";

/** The user stopped the command; exits with 128 + the signal's number, as a shell reports it. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly exitCode: number;
  readonly stopSignal: StopSignal;

  constructor(stopSignal: StopSignal, message = "interrupted") {
    super(message);
    this.stopSignal = stopSignal;
    this.exitCode = signalExitCode(stopSignal);
  }
}

export function signalExitCode(stopSignal: StopSignal): number {
  return 128 + constants.signals[stopSignal];
}
