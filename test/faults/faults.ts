/** @file A suite of faults over a fleet that its tests share. */
import { afterAll, beforeAll, describe } from "vitest";
import { noRedisServer } from "../workers/redis-server.ts";
import { buildCommand, type BuiltCommand } from "./build.ts";
import { openFleet, type Env, type Fleet } from "./fleet.ts";
import { noProcesses } from "./service-process.ts";

export const rowTimeout = 180_000;

interface Faults {
  readonly kind: "embedded" | "redis";
  readonly env?: Env;
  /** Why it cannot run here, beside a missing redis-server. */
  readonly skipped?: string | null;
  /** Runs once, before all tests. */
  readonly prepare: (fleet: Fleet) => Promise<void>;
}

/** The title says why a suite is skipped. */
export function faults(
  title: string,
  { kind, env, skipped: other = null, prepare }: Faults,
  suite: (fleet: () => Fleet) => void,
): void {
  const skipped = noProcesses ?? (kind === "redis" ? noRedisServer : null) ?? other; // prettier-ignore
  const reason = skipped === null ? "" : ` (skipped: ${skipped})`;
  describe.skipIf(skipped !== null)(`${title}${reason}`, () => {
    let built: BuiltCommand | undefined;
    let fleet: Fleet | undefined;
    beforeAll(async () => {
      built = await buildCommand();
      fleet = await openFleet(built, kind, env);
      await prepare(fleet);
    }, rowTimeout);
    afterAll(async () => {
      await fleet?.close();
      built?.remove();
    }, 60_000);
    suite(() => fleet!);
  });
}
