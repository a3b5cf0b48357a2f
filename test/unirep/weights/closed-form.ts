/** @file The closed-form weights of `test/goldens/random-weights.json`, whose `rule` this implements. */
import type { ModelConfig } from "../../../src/unirep/model.ts";
import {
  mapParams,
  paramShapes,
  type UniRepParams,
} from "../../../src/unirep/params.ts";

/** Parameters of `config` that both Python and this project compute to the same float32 bits. */
export function closedFormParams(config: ModelConfig): UniRepParams {
  let p = 0;
  return mapParams(paramShapes(config), (shape, name) => {
    const isGain = /\.g\w+$/.test(name);
    const start = Math.imul(++p, 2246822519);
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    for (let i = 0; i < data.length; i++) {
      let x = (Math.imul(i + 1, 2654435761) + start) | 0;
      x ^= x >>> 15;
      x = Math.imul(x, 2246822519);
      x ^= x >>> 13;
      data[i] =
        ((x >>> 8) / 2 ** 24 - 0.5) * (isGain ? 0.5 : 2) + (isGain ? 1 : 0);
    }
    return { shape, data };
  });
}
