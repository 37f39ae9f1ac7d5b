// From what the network says to what the page shows: calibration, the malignant score, the gate.

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Float32 values that travel in JSON as base64, least byte first. */
export function unpack({ data, shape }) {
  const bytes = bytesOf(data);
  const view = new DataView(bytes.buffer);
  const values = new Float32Array(bytes.length / 4);
  for (let index = 0; index < values.length; index += 1) {
    values[index] = view.getFloat32(index * 4, true);
  }
  if (values.length !== shape.reduce((product, side) => product * side, 1)) {
    throw new Error(`expected ${shape.join('x')} values, got ${values.length}`);
  }
  return values;
}

/** Softmax of log(p) / temperature: calibrated probabilities, in double precision. */
export function calibrate(probabilities, temperature) {
  const logits = Array.from(probabilities, (p) => Math.log(Math.max(p, 1e-12)) / temperature);
  const most = Math.max(...logits);
  const raised = logits.map((logit) => Math.exp(logit - most));
  const total = raised.reduce((sum, value) => sum + value, 0);
  return raised.map((value) => value / total);
}

/** Share of the malignant classes in the probabilities, each class counting by its weight. */
export function malignantScore(probabilities, malignant, weights) {
  const weighed = probabilities.map((p, index) => p * weights[index]);
  const total = weighed.reduce((sum, value) => sum + value, 0);
  return malignant.reduce((sum, index) => sum + weighed[index], 0) / total;
}

/** Standard deviation of each of the feature maps (rows, columns, depth): what the gate looks at. */
export function variations(features, [rows, columns, depth]) {
  const cells = rows * columns;
  const average = (of) => Float64Array.from({ length: depth }, (_, k) => {
    let sum = 0;
    for (let cell = 0; cell < cells; cell += 1) sum += of(features[cell * depth + k], k);
    return sum / cells;
  });
  const means = average((value) => value);
  return average((value, k) => (value - means[k]) ** 2).map(Math.sqrt);
}
