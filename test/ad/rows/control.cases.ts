/** @file Rows of branches and open-ended loops. */
import type { Row } from "./row.cases.ts";

export const rows: Readonly<Record<string, Row>> = {};
