/** @file A scan whose derivative keeps every so many carries and runs the steps between them again. */
import { checkpointPolicies, rematP } from "./remat.ts";
import { concatenate, sliceAxis } from "../primitives/slicing.ts";
import { reshape } from "../primitives/structural.ts";
import type { Primitive } from "../primitive.ts";
import type { Value } from "../tracer.ts";
import { traceToJaxpr } from "../transforms/trace.ts";
import { parts, type ScanParams } from "./scan-params.ts";

/** Steps of a segment; null for a scan that keeps everything. √T keeps as many carries as a segment has steps. */
export function segmentLength(
  length: number,
  checkpoint: boolean | number,
): number | null {
  if (checkpoint === false || length === 0) return null;
  if (checkpoint === true) return Math.ceil(Math.sqrt(length));
  if (!Number.isInteger(checkpoint) || checkpoint < 1)
    throw new RangeError(
      `scan: expected checkpoint to be true or a positive number of steps, got ${checkpoint}`,
    );
  return Math.min(checkpoint, length);
}

/**
 * A scan over segments, each a scan of its own that keeps nothing but its operands (Chen et al. 2016, "Training deep
 * nets with sublinear memory cost"). Steps that do not fill a segment are one of their own, after the others.
 */
export function segmentedScan(
  scan: Primitive<ScanParams>,
  args: readonly Value[],
  params: ScanParams,
  segment: number,
): Value[] {
  const [consts, init, xs] = parts(args, params);
  const { length, carries, reverse } = params;
  const segments = Math.floor(length / segment);
  const long = segments * segment;

  const run = (operands: readonly Value[], steps: number): Value[] => {
    const { jaxpr } = traceToJaxpr(
      (inner) => scan.bind(inner, { ...params, length: steps }),
      operands.map((x) => x.type),
    );
    return rematP.bind(operands, {
      jaxpr,
      policy: checkpointPolicies.nothingSaveable,
    });
  };
  const rows = (x: Value, start: number, stop: number) =>
    stop - start === length ? x : sliceAxis(x, 0, start, stop);
  const first = reverse ? length - long : 0;
  const whole = xs.map((x) =>
    reshape(rows(x, first, first + long), [
      segments,
      segment,
      ...x.shape.slice(1),
    ]),
  );
  const body = traceToJaxpr(
    (inner) => run(inner, segment),
    [
      ...consts.map((x) => x.type),
      ...init.map((x) => x.type),
      ...whole.map(({ shape, dtype }) => ({ shape: shape.slice(1), dtype })),
    ],
  );
  const out = scan.bind([...consts, ...init, ...whole], {
    ...params,
    jaxpr: body.jaxpr,
    length: segments,
  });
  const carry = out.slice(0, carries);
  const ys = out
    .slice(carries)
    .map((y) => reshape(y, [long, ...y.shape.slice(2)]));
  if (long === length) return [...carry, ...ys];

  const from = reverse ? 0 : long;
  const rest = run(
    [
      ...consts,
      ...carry,
      ...xs.map((x) => rows(x, from, from + length - long)),
    ],
    length - long,
  );
  return [
    ...rest.slice(0, carries),
    ...ys.map((y, i) => {
      const tail = rest[carries + i];
      return concatenate(reverse ? [tail, y] : [y, tail], 0);
    }),
  ];
}
