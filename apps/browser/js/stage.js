// The left-hand side: the picture, and over it the map of what spoke for a class.

import { activationGrid, expandGrid, paintMap } from './cam.js';
import { turnRight } from './fit.js';
import { number, percent, say } from './texts.js';
import { nameOf } from './answer.js';

const part = (id) => document.getElementById(id);

/** The state of the stage: empty, picture or camera. */
export function setStage(state) {
  part('stage').dataset.state = state;
  part('shown').hidden = state !== 'picture';
  part('video').hidden = state !== 'camera';
  if (state !== 'picture') part('heat').hidden = true;
  part('camera-tools').hidden = state !== 'camera';
  part('sources').hidden = state === 'camera';
  part('clear').hidden = state !== 'picture';
}

export const setBusy = (busy) => part('stage').classList.toggle('is-busy', busy);

export function showPicture(shown) {
  const canvas = part('shown');
  canvas.width = shown.width;
  canvas.height = shown.height;
  canvas.getContext('2d').drawImage(shown, 0, 0);
  setStage('picture');
}

export function describePicture(name, width, height) {
  part('shown').setAttribute('aria-label', say('picture.alt', {
    name, width: number(width, 0), height: number(height, 0),
  }));
}

/** Map of a class over the picture as the network saw it; values in 0..1. */
export function mapOf(page, look, classIndex) {
  const [height, width] = page.image_size;
  const [rows, columns] = look.shape;
  const grid = activationGrid(
    look.features, look.shape, page.head.weights, classIndex, page.classes.length,
  );
  return expandGrid(grid, rows, columns, height, width);
}

/** Where a map is largest, as a key of the texts: row and column of a third of the picture. */
function placeOf(map, width, height) {
  const peak = map.indexOf(Math.max(...map));
  const third = (place, side) => Math.min(2, Math.floor((3 * place) / side));
  return `${third(Math.floor(peak / width), height)}${third(peak % width, width)}`;
}

export function showMap(page, look, classIndex) {
  const canvas = part('heat');
  part('heat-fields').hidden = !page.head;
  part('heat-legend').hidden = !page.head;
  canvas.hidden = true;
  if (!page.head) {
    part('heat-note').textContent = say('heat.missing');
    return;
  }
  let map = mapOf(page, look, classIndex);
  let [height, width] = page.image_size;
  if (look.plan.turned) {
    map = turnRight(map, width, height, 1);
    [height, width] = [width, height];
  }
  const something = map.some((value) => value > 0);
  const name = nameOf(page.classes[classIndex]);
  part('heat-note').textContent = say(something ? 'heat.note' : 'heat.nothing');
  canvas.hidden = !something;
  if (!something) return;
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d').putImageData(new ImageData(paintMap(map), width, height), 0, 0);
  canvas.setAttribute('aria-label', say('heat.alt', {
    name, place: say(`heat.places.${placeOf(map, width, height)}`),
  }));
}

/** Choices of the map, in the order of the probabilities. */
export function showMapChoices(page, order, chosen) {
  part('heat-class').replaceChildren(...order.map((index) => (
    new Option(nameOf(page.classes[index]), index, false, index === chosen))));
}

export function showOpacity(value) {
  part('stage').style.setProperty('--opacity', value / 100);
  part('opacity-value').textContent = percent(value / 100);
}
