/** @file The derivative kind of functions whose derivative is zero everywhere: comparisons, indices, fills. */
import type { Differentiation } from "../primitive.ts";

/** Zero derivative: tangents are symbolic zeros and nothing flows back. */
export const constant = <P>(): Differentiation<P> => ({
  jvp(self, primals, _tangents, params) {
    const out = self.bind(primals, params);
    return [out, out.map(() => [])];
  },
  transpose: (_self, _cotangents, args) => args.map(() => null),
});
