// The page's end of the worker.
//
// The worker is made from a blob of two lines, because such a worker is held by the page's own
// security policy. One that is loaded by its address follows the headers of its own answer alone,
// which a host of static files may not send.

import { PictureError } from './sniff.js';

const START_LIMIT = 8000; // milliseconds until a worker that says nothing is given up

function openWorker() {
  const source = new URL('./worker.js', import.meta.url).href;
  const text = `import { answerMessages } from ${JSON.stringify(source)};\nanswerMessages(self);`;
  const address = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  return new Promise((resolve, reject) => {
    const worker = new Worker(address, { type: 'module', name: 'dermbook' });
    const give = (error) => {
      worker.terminate();
      reject(error);
    };
    const timer = setTimeout(() => give(new Error('no answer')), START_LIMIT);
    worker.addEventListener('error', (event) => {
      clearTimeout(timer);
      give(new Error(event.message || 'the worker did not start'));
    }, { once: true });
    worker.addEventListener('message', () => {
      clearTimeout(timer);
      URL.revokeObjectURL(address);
      resolve(worker);
    }, { once: true });
  });
}

function revive({ name, message, code, fields }) {
  return code ? new PictureError(code, fields) : Object.assign(new Error(message), { name });
}

/** A function (task, options, transferred) that answers by promise, in a worker if possible. */
export async function openTasks() {
  let worker;
  try {
    worker = await openWorker();
  } catch {
    const { makeTasks } = await import('./worker.js');
    const tasks = makeTasks();
    return Object.assign((task, options) => tasks[task](options), { place: 'page' });
  }
  const waiting = new Map();
  let count = 0;
  worker.addEventListener('message', ({ data: { id, result, error } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(revive(error));
    else resolve(result);
  });
  const fail = () => {
    waiting.forEach(({ reject }) => reject(new PictureError('no_memory')));
    waiting.clear();
  };
  worker.addEventListener('error', fail);
  worker.addEventListener('messageerror', fail);
  const call = (task, options, transferred = []) => new Promise((resolve, reject) => {
    count += 1;
    waiting.set(count, { resolve, reject });
    worker.postMessage({ id: count, task, options }, transferred);
  });
  return Object.assign(call, { place: 'worker' });
}
