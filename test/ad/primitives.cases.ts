/** @file One row a primitive: operands, a naive reference, what it is linear in, and what its type rule refuses. */
import { rows as core } from "./rows/core.cases.ts";
import { rows as derivative } from "./rows/derivative.cases.ts";
import { rows as math } from "./rows/math.cases.ts";
import { rows as special } from "./rows/special.cases.ts";
import { rows as order } from "./rows/order.cases.ts";
import { rows as indexing } from "./rows/indexing.cases.ts";
import { rows as control } from "./rows/control.cases.ts";
import { rows as linalg } from "./rows/linalg.cases.ts";
import { rows as random } from "./rows/random.cases.ts";
import type { Row } from "./rows/row.cases.ts";

export { parseType, type Case, type Row } from "./rows/row.cases.ts";

export const rows: Readonly<Record<string, Row>> = {
  ...core,
  ...derivative,
  ...math,
  ...special,
  ...order,
  ...indexing,
  ...control,
  ...linalg,
  ...random,
};
