// The right-hand side of the page: malignant score, bars, and the refusal of what is no
// dermoscopy.

import { find, number, percent, say } from './texts.js';

const part = (id) => document.getElementById(id);

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  made.append(...children);
  return made;
}

/** Name of a class in the language in use. */
export const nameOf = (dx) => find(`classes.${dx}.name`) ?? find(`kinds.${dx}.name`) ?? dx;

const noteOf = (dx) => find(`classes.${dx}.note`) ?? find(`kinds.${dx}.note`) ?? '';

/** Indices from the most to the least probable class. */
export const ranked = (probabilities) => (
  [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]));

function makeBar(dx, probability, { malignant, first, open }) {
  const name = element('span', { class: 'name' }, element('b', {}, nameOf(dx)));
  if (malignant) name.append(' ', element('span', { class: 'tag' }, say('result.malignant')));
  const fill = element('span');
  fill.style.width = `${100 * probability}%`;
  const summary = element(
    'summary', {}, name,
    element('span', { class: 'value' }, percent(probability)),
    element('span', { class: 'bar', 'aria-hidden': 'true' }, fill),
  );
  const details = element('details', {}, summary, element('p', {}, noteOf(dx)));
  details.open = open;
  const row = element('li', { 'data-class': dx }, details);
  row.classList.toggle('malignant', malignant);
  row.classList.toggle('first', first);
  return row;
}

/** Bars of all classes, most probable first; classes that were open stay open. */
export function showBars(page, probabilities, { fresh }) {
  const list = part('bars');
  const open = new Set(
    [...list.querySelectorAll('details[open]')].map((details) => details.parentNode.dataset.class),
  );
  const rows = ranked(probabilities).map((index, rank) => {
    const dx = page.classes[index];
    return makeBar(dx, probabilities[index], {
      malignant: page.malignant.includes(index),
      first: rank === 0,
      open: fresh ? rank === 0 : open.has(dx),
    });
  });
  list.replaceChildren(...rows);
}

/** Whether a score is flagged; the same rule as everywhere: at or above. */
export const isFlagged = (score, threshold) => score >= threshold;

export function showVerdict(page, score, threshold) {
  const flagged = isFlagged(score, threshold);
  const moved = Math.abs(threshold - page.threshold) > 1e-9;
  part('verdict').classList.toggle('flagged', flagged);
  part('score').textContent = percent(score);
  part('flag').textContent = say(flagged ? 'malignant.flagged' : 'malignant.cleared');
  part('score-bar').style.width = `${100 * score}%`;
  part('threshold').value = threshold;
  part('threshold').setAttribute('aria-valuetext', percent(threshold));
  part('threshold-value').textContent = percent(threshold);
  part('threshold-reset').hidden = !moved;
  const own = say('malignant.own', {
    threshold: percent(page.threshold), percent: percent(page.wanted_sensitivity),
  });
  const counted = page.class_weights.some((weight) => weight !== 1) ? say('malignant.counted') : '';
  part('threshold-note').textContent = `${moved ? say('malignant.moved') : own} ${counted}`.trim();
}

export function showRefusal(gate, score) {
  part('gate-score').textContent = say('gate.score', {
    score: number(score), threshold: number(gate.threshold),
  });
}

/** Text of the answer for those who hear the page. */
export function summarise(page, probabilities, score, threshold) {
  const first = ranked(probabilities)[0];
  return say('status.answer', {
    name: nameOf(page.classes[first]),
    percent: percent(probabilities[first]),
    score: percent(score),
    flag: say(isFlagged(score, threshold) ? 'malignant.flagged' : 'malignant.cleared'),
  });
}

const SCORES = [
  'balanced_accuracy', 'accuracy', 'malignant_auc', 'sensitivity', 'specificity',
];

function scoreLines(page) {
  const scores = page.scores.test ?? {};
  return SCORES.filter((name) => scores[name])
    .map((name) => {
      const { value, low, high, n } = scores[name];
      const told = say('about.score_value', {
        value: number(value), low: number(low), high: number(high), n: number(n, 0),
      });
      return `${say(`about.score_names.${name}`)} ${told}`;
    });
}

/** Facts of the model and of how it is computed. */
export function showAbout(page, backend) {
  const [height, width] = page.image_size;
  const rows = [
    ['name', [page.name]],
    ['input', [say('about.input_value', { width, height })]],
    ['weights', [say(`about.precisions.${page.precision}`)]],
  ];
  const { source, images, lesions } = page.data;
  if (source && images) {
    rows.push(['data', [say('about.data_value', {
      source, images: number(images, 0), lesions: number(lesions, 0),
    })]]);
  }
  const lines = scoreLines(page);
  if (lines.length) {
    const { precision, scores_of: scored } = page;
    const notes = [say('about.scores_note')];
    if (scored !== precision) notes.push(say('about.scores_other', { scored, precision }));
    rows.push(['scores', [...lines, ...notes]]);
  }
  rows.push(['licence', [page.licence]]);
  if (backend) rows.push(['backend', [say(`backends.${backend}`)]]);
  rows.push(['build', [page.build.id]]);
  if (!page.gate) rows.push(['limits', [say('gate.none')]]);
  part('about').replaceChildren(...rows.flatMap(([name, values]) => [
    element('dt', {}, say(`about.${name}`)),
    element('dd', {}, ...values.map((value) => element('span', {}, value))),
  ]));
}
