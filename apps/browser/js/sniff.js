// What a file is, told by its first bytes and never by its name, and how large it would be when
// decoded, told by its header before anything is decoded.

// The limits of helpers/serving/uploads/pictures.py; a test compares them.
export const MAX_BYTES = 25_000_000;
export const MAX_PIXELS = 40_000_000;
export const MAX_SCANS = 40; // passes of a progressive JPEG; each takes time for the whole picture
export const MIN_SIDE = 32;
export const MAX_OBLONG = 4;

/** A picture that cannot be used; `code` names the text to show, `fields` fill it. */
export class PictureError extends Error {
  constructor(code, fields = {}) {
    super(code);
    Object.assign(this, { name: 'PictureError', code, fields });
  }
}

const ascii = (bytes, start, end) => String.fromCharCode(...bytes.subarray(start, end));
const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The kind of a file, or "" where it is none that is known. */
export function kindOf(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'jpeg';
  if (ascii(bytes, 0, 8) === '\x89PNG\r\n\x1a\n') return 'png';
  if (/^GIF8[79]a$/.test(ascii(bytes, 0, 6))) return 'gif';
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') return 'webp';
  if (ascii(bytes, 0, 2) === 'BM' && bytes.length > 26) return 'bmp';
  return '';
}

const OTHERS = [
  ['PDF', /^\s*%PDF/], ['ZIP', /^PK\x03\x04/], ['GZIP', /^\x1f\x8b/], ['PSD', /^8BPS/],
  ['TIFF', /^(II[*+]\0|MM\0[*+])/], ['ICO', /^\0\0\x01\0/], ['DICOM', /^[^]{128}DICM/],
  ['JPEG 2000', /^(\0\0\0\x0cjP {2}|\xff\x4f\xff\x51)/],
  ['JPEG XL', /^(\xff\x0a|\0\0\0\x0cJXL )/],
  ['HEIC', /^[^]{4}ftyp(hei|hev|mif1|msf1)/], ['AVIF', /^[^]{4}ftypavi[fs]/], ['MP4', /^[^]{4}ftyp/],
  ['SVG', /^(\xef\xbb\xbf)?\s*<(\?xml[^<]*<)?(!--[^]*?-->\s*<)?(!DOCTYPE )?svg\b/i],
  ['HTML', /^(\xef\xbb\xbf)?\s*<(!--[^]*?-->\s*<)?(!DOCTYPE )?(html|head|body)\b/i],
];

/** Name of a format that is not read here, or undefined. */
export function recognise(bytes) {
  const start = ascii(bytes, 0, 1024);
  return OTHERS.find(([, pattern]) => pattern.test(start))?.[0];
}

/** EXIF orientation, 1 to 8; 1 where the segment says nothing. */
function exifOrientation(bytes) {
  if (ascii(bytes, 0, 6) !== 'Exif\0\0') return 1;
  const tiff = viewOf(bytes.subarray(6));
  try {
    const little = tiff.getUint16(0) === 0x4949;
    const start = tiff.getUint32(4, little);
    const entries = tiff.getUint16(start, little);
    for (let entry = 0; entry < entries; entry += 1) {
      const at = start + 2 + entry * 12;
      if (tiff.getUint16(at, little) === 0x0112) {
        const value = tiff.getUint16(at + 8, little);
        return value >= 1 && value <= 8 ? value : 1;
      }
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // a cut or forged segment says nothing
  }
  return 1;
}

function readJpeg(bytes) {
  const view = viewOf(bytes);
  const facts = { width: 0, height: 0, orientation: 1, notes: [] };
  for (let at = 2; at + 9 < bytes.length;) {
    if (bytes[at] !== 0xff) break;
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const length = view.getUint16(at + 2);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      facts.height = view.getUint16(at + 5);
      facts.width = view.getUint16(at + 7);
      if (bytes[at + 9] === 4) facts.notes.push('cmyk');
      break;
    }
    if (marker === 0xe1 && facts.orientation === 1) {
      facts.orientation = exifOrientation(bytes.subarray(at + 4, at + 2 + length));
    }
    at += 2 + length;
  }
  return { ...facts, ...scansOf(bytes) };
}

/**
 * Passes of a JPEG, and whether its end mark was reached. The first end mark ends the picture: what
 * is behind it, such as a phone's film, may be anything.
 */
function scansOf(bytes) {
  const view = viewOf(bytes);
  let scans = 0;
  for (let at = bytes.indexOf(0xff, 2); at >= 0; at = bytes.indexOf(0xff, at)) {
    const marker = bytes[at + 1];
    if (marker === 0xd9) return { scans, whole: scans > 0 };
    if (marker === 0xff) at += 1; // filling before a marker
    else if (marker === 0x00 || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else if (at + 4 > bytes.length) break;
    else { // a segment tells its length; pixels follow that of a scan, up to the next marker
      if (marker === 0xda) scans += 1;
      at += 2 + view.getUint16(at + 2);
    }
  }
  return { scans, whole: false };
}

function readPng(bytes) {
  if (ascii(bytes, 12, 16) !== 'IHDR' || bytes.length < 33) return null;
  const view = viewOf(bytes);
  const notes = [];
  const depth = bytes[24];
  const colour = bytes[25];
  let [whole, alpha, frames] = [false, colour === 4 || colour === 6, 1];
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const name = ascii(bytes, at + 4, at + 8);
    if (name === 'tRNS') alpha = true;
    if (name === 'acTL' && length >= 8) frames = view.getUint32(at + 8);
    if (name === 'IEND') {
      whole = true;
      break;
    }
    at += 12 + length;
  }
  if (depth === 16) notes.push('sixteen_bit');
  if (alpha) notes.push('alpha_removed');
  if (frames > 1) notes.push('first_frame');
  return { width: view.getUint32(16), height: view.getUint32(20), orientation: 1, notes, whole };
}

function readGif(bytes) {
  const view = viewOf(bytes);
  const facts = { width: view.getUint16(6, true), height: view.getUint16(8, true), notes: [] };
  const skipBlocks = (start) => {
    let at = start;
    while (at < bytes.length && bytes[at] !== 0) at += bytes[at] + 1;
    return at + 1;
  };
  const table = (flags) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  let [frames, at, transparent] = [0, 13 + table(bytes[10]), false];
  while (at < bytes.length && bytes[at] !== 0x3b) {
    if (bytes[at] === 0x21) {
      if (bytes[at + 1] === 0xf9 && frames === 0) transparent = (bytes[at + 3] & 1) === 1;
      at = skipBlocks(at + 2);
    } else if (bytes[at] === 0x2c) {
      frames += 1;
      at = skipBlocks(at + 11 + table(bytes[at + 9]));
    } else break;
  }
  if (frames > 1) facts.notes.push('first_frame');
  if (transparent) facts.notes.push('alpha_removed');
  return { ...facts, orientation: 1, whole: bytes[at] === 0x3b || frames > 1 };
}

function readWebp(bytes) {
  if (bytes.length < 30) return null;
  const view = viewOf(bytes);
  const facts = { orientation: 1, notes: [], whole: view.getUint32(4, true) + 8 <= bytes.length };
  const kind = ascii(bytes, 12, 16);
  const three = (at) => bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
  if (kind === 'VP8X') {
    if (bytes[20] & 0x10) facts.notes.push('alpha_removed');
    if (bytes[20] & 0x02) facts.notes.push('first_frame');
    return { ...facts, width: three(24) + 1, height: three(27) + 1 };
  }
  if (kind === 'VP8L') {
    const size = view.getUint32(21, true);
    if (size & (1 << 28)) facts.notes.push('alpha_removed');
    return { ...facts, width: (size & 0x3fff) + 1, height: ((size >> 14) & 0x3fff) + 1 };
  }
  if (kind !== 'VP8 ') return null;
  const width = view.getUint16(26, true) & 0x3fff;
  return { ...facts, width, height: view.getUint16(28, true) & 0x3fff };
}

function readBmp(bytes) {
  const view = viewOf(bytes);
  const old = view.getUint32(14, true) === 12;
  return {
    width: old ? view.getUint16(18, true) : Math.abs(view.getInt32(18, true)),
    height: old ? view.getUint16(20, true) : Math.abs(view.getInt32(22, true)),
    orientation: 1,
    notes: [],
    whole: bytes.length > view.getUint32(10, true),
  };
}

const READERS = { jpeg: readJpeg, png: readPng, gif: readGif, webp: readWebp, bmp: readBmp };

/** Refuses sizes that no answer should be given for. */
export function checkSize(width, height) {
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  if (width * height > MAX_PIXELS) {
    throw new PictureError('too_many_pixels', { limit: Math.round(MAX_PIXELS / 1e6) });
  }
  if (short < MIN_SIDE) throw new PictureError('too_small', { width, height, limit: MIN_SIDE });
  if (long > MAX_OBLONG * short) {
    throw new PictureError('too_oblong', { width, height, limit: MAX_OBLONG });
  }
}

/**
 * Facts of a picture from its bytes alone.
 *
 * @returns {{kind, width, height, orientation, notes: string[]}} size before any EXIF turn.
 * @throws {PictureError} with the code of the reason why it cannot be used.
 */
export function inspectPicture(bytes) {
  if (bytes.length === 0) throw new PictureError('empty');
  const kind = kindOf(bytes);
  if (!kind) {
    const found = recognise(bytes);
    throw found ? new PictureError('unsupported', { found }) : new PictureError('not_a_picture');
  }
  let facts = null;
  try {
    facts = READERS[kind](bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // the header itself is cut
  }
  if (!facts || !facts.width || !facts.height) throw new PictureError('damaged');
  checkSize(facts.width, facts.height);
  if (facts.scans > MAX_SCANS) {
    throw new PictureError('too_many_scans', { scans: facts.scans, limit: MAX_SCANS });
  }
  if (!facts.whole) throw new PictureError('damaged');
  if (facts.orientation !== 1) facts.notes.push('rotated');
  return { kind, ...facts };
}
