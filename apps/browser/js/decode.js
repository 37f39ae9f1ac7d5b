// From a file to the pixels that the model takes and a picture to show.

import { Resampler, planFit, turnLeft } from './fit.js';
import { MAX_BYTES, PictureError, checkSize, inspectPicture } from './sniff.js';

const STRIP_PIXELS = 4_000_000; // pixels are taken from the decoded picture so many at a time
const SHOWN_WIDTH = 1200;

function makeCanvas(width, height) {
  if (typeof OffscreenCanvas !== 'undefined') return new OffscreenCanvas(width, height);
  return Object.assign(document.createElement('canvas'), { width, height });
}

function contextOf(canvas) {
  const context = canvas.getContext('2d', { willReadFrequently: true, colorSpace: 'srgb' });
  if (!context) throw new PictureError('no_memory');
  return context;
}

/** Whether a canvas gives back what was put into it; some browsers alter it against tracking. */
export function canvasIsFaithful() {
  const context = contextOf(makeCanvas(16, 16));
  const pixels = context.createImageData(16, 16);
  pixels.data.forEach((_, index) => {
    pixels.data[index] = index % 4 === 3 ? 255 : (index * 37) % 256;
  });
  context.putImageData(pixels, 0, 0);
  const found = context.getImageData(0, 0, 16, 16).data;
  return pixels.data.every((value, index) => value === found[index]);
}

async function decode(source) {
  try {
    return await createImageBitmap(source, { imageOrientation: 'from-image' });
  } catch (error) {
    if (error instanceof TypeError) return createImageBitmap(source);
    throw error;
  }
}

function resample(bitmap, plan) {
  const { cropWidth, cropHeight, left, top, outWidth, outHeight } = plan;
  const resampler = new Resampler(cropWidth, cropHeight, outWidth, outHeight);
  const rows = Math.max(1, Math.min(cropHeight, Math.floor(STRIP_PIXELS / cropWidth)));
  const context = contextOf(makeCanvas(cropWidth, rows));
  for (let first = 0; first < cropHeight; first += rows) {
    const count = Math.min(rows, cropHeight - first);
    context.fillStyle = '#fff';
    context.fillRect(0, 0, cropWidth, rows);
    context.drawImage(
      bitmap, left, top + first, cropWidth, count, 0, 0, cropWidth, count,
    );
    const { data } = context.getImageData(0, 0, cropWidth, count);
    for (let row = 0; row < count; row += 1) resampler.push(data, row * cropWidth * 4);
  }
  return resampler.finish();
}

async function picture(bitmap, imageSize, notes) {
  const { width, height } = bitmap;
  checkSize(width, height);
  const plan = planFit(width, height, imageSize);
  const flat = resample(bitmap, plan);
  const pixels = plan.turned ? turnLeft(flat, plan.outWidth, plan.outHeight) : flat;
  const scale = Math.min(1, SHOWN_WIDTH / plan.cropWidth);
  const shown = makeCanvas(
    Math.max(1, Math.round(plan.cropWidth * scale)),
    Math.max(1, Math.round(plan.cropHeight * scale)),
  );
  const context = contextOf(shown);
  context.imageSmoothingQuality = 'high';
  context.fillStyle = '#fff';
  context.fillRect(0, 0, shown.width, shown.height);
  context.drawImage(
    bitmap, plan.left, plan.top, plan.cropWidth, plan.cropHeight, 0, 0, shown.width, shown.height,
  );
  const found = [...notes];
  const kept = (plan.cropWidth * plan.cropHeight) / (width * height);
  if (kept < 0.98) found.push('cropped');
  if (plan.cropWidth < plan.outWidth) found.push('enlarged');
  if (!canvasIsFaithful()) found.push('canvas_altered');
  return { pixels, shown: await createImageBitmap(shown), width, height, plan, notes: found };
}

/**
 * Reads a file or blob.
 *
 * @param {Blob} file of any kind; what it is not is told by a PictureError.
 * @param {[number, number]} imageSize height and width that the model takes.
 * @returns {Promise<{pixels: Uint8Array, shown: ImageBitmap, width, height, plan, notes}>}
 */
export async function readPicture(file, imageSize) {
  if (file.size > MAX_BYTES) {
    throw new PictureError('too_many_bytes', {
      megabytes: Math.ceil(file.size / 1e6), limit: MAX_BYTES / 1e6,
    });
  }
  let bytes;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new PictureError('unreadable');
  }
  const facts = inspectPicture(bytes);
  let bitmap;
  try {
    bitmap = await decode(new Blob([bytes], { type: `image/${facts.kind}` }));
  } catch {
    throw new PictureError('damaged');
  }
  try {
    return await picture(bitmap, imageSize, facts.notes);
  } finally {
    bitmap.close();
  }
}

/** A picture that is decoded already, such as one frame of the camera. */
export async function readFrame(bitmap, imageSize) {
  try {
    return await picture(bitmap, imageSize, []);
  } finally {
    bitmap.close();
  }
}
