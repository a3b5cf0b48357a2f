/** @file What a handler is given for one activation. */
import type { Compute } from "../compute/tasks.ts";
import type { Work } from "../handlers/work.ts";
import type { JobRecord } from "../jobs/record.ts";
import { changeUnit, mainUnit, unitId, unitsOf, type UnitRecord } from "../jobs/units.ts"; // prettier-ignore
import type { Service } from "../service.ts";
import { patiently } from "./patiently.ts";
import type { Telling } from "./telling.ts";

export function makeWork({
  service,
  compute,
  job,
  unit: { unit, fence },
  folder,
  signal,
  telling,
}: {
  readonly service: Service;
  readonly compute: Compute;
  readonly job: JobRecord;
  readonly unit: UnitRecord;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly telling: Telling;
}): Work {
  const { store } = service.backend;
  const id = unitId(job.id, unit);
  return {
    service,
    compute,
    job,
    unit,
    fence,
    folder,
    signal,
    tell: (event) => telling.tell(event),
    async results() {
      const units = await patiently(() => unitsOf(store, job.id), signal);
      return new Map(
        units.flatMap(({ unit: name, outcome }) =>
          outcome && name !== mainUnit ? [[name, outcome.result]] : [],
        ),
      );
    },
    async keep(value) {
      // It has come further than any start before: what takes processes down does not.
      const change = { fence, kept: value, starts: 1 };
      await patiently(() => changeUnit(store, id, change), signal);
    },
    async kept() {
      const found = await patiently(() => store.get("unit", id), signal);
      return found?.kept ?? null;
    },
  };
}
