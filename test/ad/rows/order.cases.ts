/** @file Rows of sorting, cumulative and further reductions. */
import type { Row } from "./row.cases.ts";

export const rows: Readonly<Record<string, Row>> = {};
