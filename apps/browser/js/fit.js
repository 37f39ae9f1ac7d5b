// From decoded pixels of any size to the pixels that the model takes, as helpers/serving/uploads/pictures.py
// does it: portrait pictures turned by a quarter, because a lesion has no up, the middle cut out,
// and resampled as the training images were. Areas are averaged when the picture shrinks, values
// interpolated between pixel centres when it grows.

/** Share of each source pixel in each target pixel, along one side that shrinks. */
export function areaWeights(sourceLength, targetLength) {
  const scale = sourceLength / targetLength;
  const cells = [];
  for (let target = 0; target < targetLength; target += 1) {
    const start = target * scale;
    const end = Math.min(start + scale, sourceLength);
    const first = Math.floor(start + 1e-3); // slivers narrower than a thousandth do not count
    const last = Math.min(Math.ceil(end - 1e-3), sourceLength);
    const weights = [];
    for (let pixel = first; pixel < last; pixel += 1) {
      weights.push((Math.min(pixel + 1, end) - Math.max(pixel, start)) / (end - start));
    }
    cells.push({ first, weights });
  }
  return cells;
}

/** The two source pixels of each target pixel and their weights, along one side. */
export function linearWeights(sourceLength, targetLength) {
  const scale = sourceLength / targetLength;
  const cells = [];
  for (let target = 0; target < targetLength; target += 1) {
    const place = (target + 0.5) * scale - 0.5;
    const before = Math.floor(place);
    const share = place - before;
    const first = Math.min(Math.max(before, 0), sourceLength - 1);
    const second = Math.min(Math.max(before + 1, 0), sourceLength - 1);
    cells.push(
      second === first
        ? { first, weights: [1] }
        : { first, weights: [1 - share, share] },
    );
  }
  return cells;
}

/** Height to width of the pictures that models were taught with, in whatever size they see them. */
const TAUGHT = [3, 4];

/**
 * Where to cut a picture, and the size to make of the cut before any turn.
 *
 * A portrait picture is turned on its left side first. What is too wide or too high for three to
 * four loses as much on both sides, an odd pixel at the end.
 */
export function planFit(width, height, [targetHeight, targetWidth]) {
  const turned = height > width;
  const [wide, high] = turned ? [height, width] : [width, height];
  const [rows, columns] = TAUGHT;
  const rounded = (side, by, of) => (
    Math.max(1, Math.floor((2 * side * by + of) / (2 * of))));
  const keptWide = Math.min(wide, rounded(high, columns, rows));
  const keptHigh = Math.min(high, rounded(wide, rows, columns));
  const left = Math.floor((wide - keptWide) / 2);
  const top = Math.floor((high - keptHigh) / 2);
  if (!turned) {
    return {
      turned, left, top, cropWidth: keptWide, cropHeight: keptHigh,
      outWidth: targetWidth, outHeight: targetHeight,
    };
  }
  return {
    turned, left: width - top - keptHigh, top: left, cropWidth: keptHigh, cropHeight: keptWide,
    outWidth: targetHeight, outHeight: targetWidth,
  };
}

/** Resamples rows as they come, so that a picture is never held as pixels in one piece. */
export class Resampler {
  constructor(width, height, outWidth, outHeight) {
    Object.assign(this, { width, height, outWidth, outHeight, row: 0 });
    const shrinks = outWidth <= width && outHeight <= height;
    const weigh = shrinks ? areaWeights : linearWeights;
    this.columns = weigh(width, outWidth);
    this.users = Array.from({ length: height }, () => []);
    weigh(height, outHeight).forEach(({ first, weights }, target) => {
      weights.forEach((weight, step) => this.users[first + step].push([target, weight]));
    });
    this.sums = new Float64Array(outWidth * outHeight * 3);
    this.line = new Float64Array(outWidth * 3);
  }

  /** Takes the next row: RGBA bytes of the crop, beginning at `offset`. */
  push(rgba, offset) {
    const users = this.users[this.row];
    this.row += 1;
    if (users.length === 0) return;
    const { columns, line, sums, outWidth } = this;
    for (let x = 0; x < outWidth; x += 1) {
      const { first, weights } = columns[x];
      let red = 0;
      let green = 0;
      let blue = 0;
      let at = offset + first * 4;
      for (let step = 0; step < weights.length; step += 1, at += 4) {
        red += rgba[at] * weights[step];
        green += rgba[at + 1] * weights[step];
        blue += rgba[at + 2] * weights[step];
      }
      line[x * 3] = red;
      line[x * 3 + 1] = green;
      line[x * 3 + 2] = blue;
    }
    for (const [target, weight] of users) {
      const start = target * outWidth * 3;
      for (let value = 0; value < line.length; value += 1) {
        sums[start + value] += line[value] * weight;
      }
    }
  }

  /** RGB bytes, row by row. */
  finish() {
    return Uint8Array.from(this.sums, (value) => Math.min(255, Math.max(0, Math.round(value))));
  }
}

/** Turns an image of `channels` values a pixel by a quarter, against the clock. */
export function turnLeft(values, width, height, channels = 3) {
  const turned = new values.constructor(values.length);
  for (let y = 0; y < width; y += 1) {
    for (let x = 0; x < height; x += 1) {
      const from = (x * width + (width - 1 - y)) * channels;
      const to = (y * height + x) * channels;
      for (let channel = 0; channel < channels; channel += 1) {
        turned[to + channel] = values[from + channel];
      }
    }
  }
  return turned;
}

/** Undoes `turnLeft`; `width` and `height` are those of the values given. */
export function turnRight(values, width, height, channels = 3) {
  const turned = new values.constructor(values.length);
  for (let y = 0; y < width; y += 1) {
    for (let x = 0; x < height; x += 1) {
      const from = ((height - 1 - x) * width + y) * channels;
      const to = (y * height + x) * channels;
      for (let channel = 0; channel < channels; channel += 1) {
        turned[to + channel] = values[from + channel];
      }
    }
  }
  return turned;
}
