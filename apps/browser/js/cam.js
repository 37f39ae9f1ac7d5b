// The class-activation map: the last feature maps, weighted by what each counts for a class.

/** Sum over features of weight times map, negative values cut off; shape (rows, columns). */
export function activationGrid(features, [rows, columns, depth], weights, classIndex, nClasses) {
  const grid = new Float32Array(rows * columns);
  for (let cell = 0; cell < grid.length; cell += 1) {
    let sum = 0;
    for (let k = 0; k < depth; k += 1) {
      sum += features[cell * depth + k] * weights[k * nClasses + classIndex];
    }
    grid[cell] = Math.max(0, sum);
  }
  return grid;
}

/** Stretches a grid over an image: cells tile it, values are linear between their centres. */
export function expandGrid(grid, rows, columns, height, width) {
  const map = new Float32Array(height * width);
  const places = (target, source) => Array.from({ length: target }, (_, index) => {
    const place = ((index + 0.5) * source) / target - 0.5;
    const before = Math.floor(place);
    const clip = (cell) => Math.min(Math.max(cell, 0), source - 1);
    return [clip(before), clip(before + 1), place - before];
  });
  const across = places(width, columns);
  let peak = 0;
  places(height, rows).forEach(([top, bottom, down], y) => {
    across.forEach(([left, right, share], x) => {
      const above = grid[top * columns + left] * (1 - share) + grid[top * columns + right] * share;
      const below = grid[bottom * columns + left] * (1 - share)
        + grid[bottom * columns + right] * share;
      const value = above * (1 - down) + below * down;
      map[y * width + x] = value;
      if (value > peak) peak = value;
    });
  });
  if (peak > 0) for (let index = 0; index < map.length; index += 1) map[index] /= peak;
  return map;
}

// Dark violet over red and orange to pale yellow: lightness grows all the way, so the order of
// the values shows without colour vision too.
const STOPS = [
  [0.0, [20, 11, 53]],
  [0.2, [80, 18, 123]],
  [0.4, [158, 47, 127]],
  [0.6, [222, 73, 104]],
  [0.8, [254, 159, 109]],
  [1.0, [252, 253, 191]],
];

function colourOf(value) {
  const next = Math.max(1, STOPS.findIndex(([place]) => place >= value));
  const [low, from] = STOPS[next - 1];
  const [high, to] = STOPS[next];
  const share = (value - low) / (high - low);
  return from.map((channel, index) => Math.round(channel + (to[index] - channel) * share));
}

/** RGBA bytes of a map; where nothing spoke for the class the picture shows through. */
export function paintMap(map) {
  const table = Array.from({ length: 256 }, (_, index) => colourOf(index / 255));
  const rgba = new Uint8ClampedArray(map.length * 4);
  map.forEach((value, index) => {
    const [red, green, blue] = table[Math.round(value * 255)];
    rgba.set([red, green, blue, Math.round(255 * Math.min(1, value * 1.6))], index * 4);
  });
  return rgba;
}
