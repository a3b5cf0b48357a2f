/** @file Rows of special functions. */
import type { Row } from "./row.cases.ts";

export const rows: Readonly<Record<string, Row>> = {};
