/** @file Rows of matrix factorisations and solves. */
import type { Row } from "./row.cases.ts";

export const rows: Readonly<Record<string, Row>> = {};
