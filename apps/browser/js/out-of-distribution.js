// Is this dermoscopy? The distance of a picture's features from those of the pictures that the
// model knows, as helpers/serving/model/out_of_distribution.py defines it.

import { unpack } from './scores.js';

const ARRAYS = ['mean', 'scale', 'directions', 'variances'];

/** The gate of page.json with its arrays as numbers. */
export function unpackGate(packed) {
  return { ...packed, ...Object.fromEntries(ARRAYS.map((name) => [name, unpack(packed[name])])) };
}

/** About 1 for pictures like those of validation; larger the stranger a picture is. */
export function gateScore({ mean, scale, directions, variances, residual }, features) {
  const size = mean.length;
  if (features.length !== size || !features.every(Number.isFinite)) return Infinity;
  const length = Math.hypot(...features) || 1;
  const scaled = Float64Array.from(features, (value, i) => (value / length - mean[i]) / scale[i]);
  let [inside, explained] = [0, 0];
  for (let j = 0; j < variances.length; j += 1) {
    let along = 0;
    for (let i = 0; i < size; i += 1) along += directions[j * size + i] * scaled[i];
    inside += (along * along) / variances[j];
    explained += along * along;
  }
  const total = scaled.reduce((sum, value) => sum + value * value, 0);
  return (inside + (total - explained) / residual) / size;
}
