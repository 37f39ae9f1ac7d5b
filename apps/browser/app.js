// The page: what is open, what the network said of it, and how both are shown.

import './build.js'; // self.BUILD: the name of this build
import {
  nameOf, ranked, showAbout, showBars, showRefusal, showVerdict, summarise,
} from './js/answer.js';
import { openTasks } from './js/client.js';
import { gateScore, unpackGate } from './js/out-of-distribution.js';
import { Camera, listenForFiles, markExample, showExamples } from './js/inputs.js';
import { keepOffline } from './js/offline.js';
import { calibrate, malignantScore, unpack, variations } from './js/scores.js';
import { PictureError } from './js/sniff.js';
import {
  describePicture, setBusy, setStage, showMap, showMapChoices, showOpacity, showPicture,
} from './js/stage.js';
import {
  find, language, loadLanguage, preferredLanguage, say, translate,
} from './js/texts.js';

const part = (id) => document.getElementById(id);
const camera = new Camera();

const state = {
  page: null, // page.json of the build
  examples: [],
  call: null, // the worker
  engine: null, // what the worker started
  failed: false, // whether no backend computes here
  status: ['loading'],
  problem: null,
  look: null, // the last picture with what the network said of it
  threshold: 0,
  mapClass: 0,
  offline: 'coming',
  turn: 0, // counts pictures, so that an answer that comes late is dropped
};

function setStatus(...parts) {
  state.status = parts;
  part('status').textContent = statusText();
}

function statusText() {
  const [key] = state.status;
  const { look, page, threshold } = state;
  if (key === 'answer') {
    const notes = [...look.notes.map((note) => say(`notes.${note}`))];
    if (look.several) notes.unshift(say('errors.several', { count: look.several }));
    const told = summarise(page, look.calibrated, look.score, threshold);
    if (look.strange) notes.unshift(part('anyway-warning').textContent);
    return [told, ...notes].join(' ');
  }
  return key ? say(`status.${key}`) : '';
}

function showProblem(error) {
  state.problem = error;
  let text = '';
  if (error) {
    const { code = 'unexpected', fields = {} } = error;
    text = find(`errors.${code}`, { reason: error.message, ...fields }) ?? error.message;
  }
  part('problem').textContent = text;
}

function nameOfPicture({ kind, name, dx }) {
  if (kind === 'example') return say('examples.name', { name: nameOf(dx) });
  return kind === 'file' && name ? name : say(`picture.${kind === 'frame' ? 'captured' : 'pasted'}`);
}

function aboutOrigin({ kind, dx, text }) {
  if (kind !== 'example') return '';
  return `${say('examples.truth', { name: nameOf(dx) })} ${text[language()]}`;
}

/** Everything that depends on the language or the answer; `fresh` for a new answer. */
function render({ fresh = false } = {}) {
  const { look, page, engine } = state;
  document.title = `DermBook · ${say('results.title')}`;
  document.querySelectorAll('[data-language]').forEach((button) => {
    button.setAttribute('aria-pressed', String(button.dataset.language === language()));
  });
  showProblem(state.problem);
  showOpacity(Number(part('opacity').value));
  part('offline').textContent = say(`privacy.${state.offline}`);
  if (page) showAbout(page, engine?.backend);
  part('empty').hidden = Boolean(look);
  part('status').textContent = statusText();
  part('to-answer').hidden = !look;
  part('refusal').hidden = !look?.refused;
  part('answer').hidden = !look || look.refused;
  part('anyway-warning').hidden = !look?.strange;
  part('anyway-warning').textContent = say(
    look?.origin.kind === 'example' ? 'gate.example' : 'gate.anyway_warning',
  );
  part('overlay-tools').hidden = !look || look.refused;
  if (!look) {
    part('origin').textContent = '';
    return;
  }
  describePicture(nameOfPicture(look.origin), look.width, look.height);
  part('origin').textContent = aboutOrigin(look.origin);
  if (look.refused) {
    part('heat').hidden = true;
    showRefusal(page.gate, look.distance);
    return;
  }
  showVerdict(page, look.score, state.threshold);
  showBars(page, look.calibrated, { fresh });
  showMapChoices(page, ranked(look.calibrated), state.mapClass);
  showMap(page, look, state.mapClass);
  part('facts').textContent = say('result.facts', {
    backend: say(`backends.${engine.backend}`), milliseconds: Math.round(look.milliseconds),
  });
}

function judge(look) {
  const { page } = state;
  look.calibrated = calibrate(look.probabilities, page.temperature);
  look.score = Math.min(1, malignantScore(look.calibrated, page.malignant, page.class_weights));
  if (page.gate) {
    look.distance = gateScore(page.gate, variations(look.features, look.shape));
    look.strange = !(look.distance <= page.gate.threshold);
    // A drawing may well be refused; it is shown all the same, as an example, and said to be one.
    look.refused = look.strange && look.origin.kind !== 'example';
  }
  return look;
}

/** Opens a picture: { file } or { frame }, and where it came from. */
async function open(task, origin, { several = 0 } = {}) {
  state.turn += 1;
  const mine = state.turn;
  camera.stop();
  showProblem(null);
  markExample(origin.file);
  setBusy(true);
  setStatus(state.engine ? 'looking' : 'waiting');
  try {
    await state.started;
    const found = await state.call('look', task, task.frame ? [task.frame] : []);
    if (mine !== state.turn) return;
    state.look = judge({ ...found, origin, several });
    [state.mapClass] = ranked(state.look.calibrated);
    showPicture(found.shown);
    render({ fresh: true });
    setStatus(state.look.refused ? 'refused' : 'answer');
  } catch (error) {
    if (mine !== state.turn) return;
    clear({ problem: error });
  } finally {
    if (mine === state.turn) setBusy(false);
  }
}

function idleStatus(problem) {
  if (state.failed) return 'failed';
  if (!state.engine) return 'loading';
  return problem ? '' : 'ready';
}

function clear({ problem = null } = {}) {
  state.turn += 1;
  state.look = null;
  camera.stop();
  setBusy(false);
  setStage('empty');
  if (problem || !state.problem) markExample('');
  showProblem(problem);
  setStatus(idleStatus(problem));
  render();
}

async function openExample(example) {
  try {
    const answer = await fetch(`examples/${example.file}`);
    if (!answer.ok) throw new PictureError('load_failed', { reason: example.file });
    const file = await answer.blob();
    await open({ file }, { kind: 'example', ...example });
  } catch (error) {
    showProblem(error instanceof PictureError
      ? error : new PictureError('load_failed', { reason: error.message }));
  }
}

function renderExamples() {
  showExamples(state.examples, {
    name: ({ dx }) => say('examples.alt', { name: nameOf(dx) }),
    choose: openExample,
  });
  markExample(state.look?.origin.file);
}

async function chooseLanguage(wanted, options) {
  try {
    await loadLanguage(wanted, options);
  } catch (error) {
    showProblem(new PictureError('load_failed', { reason: error.message }));
    return;
  }
  translate();
  renderExamples();
  render();
}

function listen() {
  document.querySelectorAll('[data-language]').forEach((button) => {
    button.addEventListener('click', () => (
      chooseLanguage(button.dataset.language, { remember: true })));
  });
  listenForFiles({
    open: (file, options) => open({ file }, { kind: 'file', name: file.name }, options),
    fail: showProblem,
  });
  part('clear').addEventListener('click', () => {
    state.problem = null;
    clear();
    part('choose').focus();
  });
  part('camera').addEventListener('click', async () => {
    showProblem(null);
    try {
      if (!(await camera.start())) return;
      setStage('camera');
      part('status').textContent = say('camera.on');
      part('capture').focus();
    } catch (error) {
      clear({ problem: error });
    }
  });
  part('capture').addEventListener('click', async () => {
    try {
      const frame = await camera.capture();
      setStage('empty');
      await open({ frame }, { kind: 'frame' });
    } catch (error) {
      clear({ problem: error });
    }
    part('camera').focus();
  });
  part('stop').addEventListener('click', () => {
    camera.stop();
    setStage(state.look ? 'picture' : 'empty');
    render();
    part('camera').focus();
  });
  part('opacity').addEventListener('input', (event) => showOpacity(Number(event.target.value)));
  part('heat-class').addEventListener('change', (event) => {
    state.mapClass = Number(event.target.value);
    showMap(state.page, state.look, state.mapClass);
  });
  part('anyway').addEventListener('click', () => {
    state.look.refused = false;
    render({ fresh: true });
    setStatus('answer');
    part('result-title').focus();
  });
  const moveThreshold = (value) => {
    state.threshold = value;
    showVerdict(state.page, state.look.score, value);
  };
  part('threshold').addEventListener('input', (event) => moveThreshold(Number(event.target.value)));
  part('threshold').addEventListener('change', () => setStatus('answer')); // said once it rests
  part('threshold-reset').addEventListener('click', () => {
    moveThreshold(state.page.threshold);
    setStatus('answer');
    part('threshold').focus();
  });
}

async function fetchJson(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

async function startEngine(tasks) {
  const wanted = new URLSearchParams(window.location.search).get('backend') ?? '';
  state.call = await tasks;
  const { head, gate, ...page } = state.page; // the worker needs neither
  state.engine = await state.call('start', { page, wanted });
  document.documentElement.dataset.backend = state.engine.backend;
  document.documentElement.dataset.place = state.call.place;
}

async function keep() {
  try {
    await keepOffline({
      onKept: () => {
        state.offline = 'kept';
        part('offline').textContent = say('privacy.kept');
      },
      onUpdate: (use) => {
        part('update').hidden = false;
        part('update-now').addEventListener('click', use, { once: true });
      },
    });
  } catch {
    // Private windows and plain http refuse, or a file did not come; all else works.
    state.offline = 'not_kept';
  }
  part('offline').textContent = say(`privacy.${state.offline}`);
}

async function main() {
  listen();
  const tasks = openTasks();
  const translated = chooseLanguage(preferredLanguage());
  try {
    [state.page, state.examples] = await Promise.all([
      fetchJson('page.json'),
      fetchJson('examples/examples.json').then(({ images }) => images),
    ]);
  } catch (error) {
    await translated;
    setStatus('failed');
    showProblem(new PictureError('load_failed', { reason: error.message }));
    return;
  }
  const { page } = state;
  page.build = self.BUILD;
  state.threshold = page.threshold;
  if (page.head) page.head.weights = unpack(page.head);
  if (page.gate) page.gate = unpackGate(page.gate);
  state.started = startEngine(tasks).catch((error) => {
    const code = /computes wrongly/.test(error.message) ? 'wrong_engine' : 'no_engine';
    state.failed = true;
    throw new PictureError(code, { reason: error.message });
  });
  await translated;
  renderExamples();
  render();
  try {
    await state.started;
    if (state.status[0] === 'loading') setStatus('ready');
    render();
    performance.mark('dermbook-ready');
    document.documentElement.dataset.ready = 'yes';
    await state.call('settle');
  } catch (error) {
    setStatus('failed');
    showProblem(error);
    document.documentElement.dataset.ready = 'no';
  }
  await keep();
}

main();
