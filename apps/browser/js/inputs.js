// Ways for a picture to come in: file, drop, paste, camera, drawn examples.

import { PictureError } from './sniff.js';

const part = (id) => document.getElementById(id);

/** File dialogue, drag and drop over the whole page, and paste. */
export function listenForFiles({ open, fail }) {
  const take = (files) => {
    const chosen = [...files];
    if (chosen.length) open(chosen[0], { several: chosen.length > 1 ? chosen.length : 0 });
  };
  const dialogue = part('file');
  part('choose').addEventListener('click', () => dialogue.click());
  dialogue.addEventListener('change', () => {
    take(dialogue.files);
    dialogue.value = ''; // so that the same file can be chosen again
  });

  const stage = part('stage');
  const brings = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');
  document.addEventListener('dragover', (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    stage.classList.add('over');
  });
  document.addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) stage.classList.remove('over');
  });
  document.addEventListener('drop', (event) => {
    stage.classList.remove('over');
    if (!brings(event)) return;
    event.preventDefault(); // the browser would leave the page and show the file
    take(event.dataTransfer.files);
  });
  document.addEventListener('paste', (event) => {
    const files = event.clipboardData?.files ?? [];
    if (files.length) take(files);
    else fail(new PictureError('nothing_pasted'));
  });
}

const CAMERA_ERRORS = {
  NotAllowedError: 'camera_denied',
  SecurityError: 'camera_denied',
  NotFoundError: 'no_camera',
  OverconstrainedError: 'no_camera',
};

/** The camera: asked for on a click alone, and switched off when a picture was taken. */
export class Camera {
  #stream = null;

  #asked = 0;

  /** @returns {Promise<boolean>} false where it was stopped before it had started. */
  async start() {
    this.#asked += 1;
    const mine = this.#asked;
    if (!navigator.mediaDevices?.getUserMedia) throw new PictureError('no_camera');
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: { ideal: 'environment' }, width: { ideal: 1280 } },
        audio: false,
      });
    } catch (error) {
      throw new PictureError(CAMERA_ERRORS[error.name] ?? 'camera_failed');
    }
    if (mine !== this.#asked) {
      stream.getTracks().forEach((track) => track.stop());
      return false;
    }
    this.#stream = stream;
    part('video').srcObject = stream;
    await part('video').play();
    return true;
  }

  /** One frame, as it is. */
  async capture() {
    const video = part('video');
    if (!video.videoWidth) throw new PictureError('camera_failed');
    return createImageBitmap(video);
  }

  stop() {
    this.#asked += 1;
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
    part('video').srcObject = null;
  }
}

/** Buttons of the drawn examples; `choose` gets the example and its file. */
export function showExamples(examples, { name, choose }) {
  const rows = examples.map((example) => {
    const image = new Image();
    Object.assign(image, {
      src: `examples/${example.file}`, alt: name(example), decoding: 'async',
    });
    const button = document.createElement('button');
    Object.assign(button, { type: 'button', title: name(example) });
    button.dataset.example = example.file;
    button.setAttribute('aria-pressed', 'false');
    button.append(image);
    button.addEventListener('click', () => choose(example));
    const row = document.createElement('li');
    row.append(button);
    return row;
  });
  part('examples').replaceChildren(...rows);
}

export function markExample(file) {
  document.querySelectorAll('[data-example]').forEach((button) => {
    button.setAttribute('aria-pressed', String(button.dataset.example === file));
  });
}
