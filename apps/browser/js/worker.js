// Reads pictures and runs the network beside the page, so that the page never waits.

import { readFrame, readPicture } from './decode.js';
import { Engine, prepare } from './engine.js';

/** The work itself; the page calls it directly where it cannot have a worker. */
export function makeTasks() {
  let engine = null;
  prepare().catch(() => {}); // told when the engine starts
  return {
    async start({ page, wanted }) {
      engine = await Engine.start(page, wanted);
      return { backend: engine.backend, tried: engine.tried, apart: engine.apart };
    },
    async settle() {
      await engine.kept;
    },
    async look({ file, frame }) {
      const { image_size: size } = engine.page;
      const picture = frame ? await readFrame(frame, size) : await readPicture(file, size);
      return { ...picture, ...(await engine.run(picture.pixels)) };
    },
    async run({ pixels }) {
      return engine.run(pixels);
    },
    async read({ file }) {
      return readPicture(file, engine.page.image_size);
    },
  };
}

/** Answers messages {id, task, options} with {id, result} or {id, error}. */
export function answerMessages(scope) {
  const tasks = makeTasks();
  scope.addEventListener('message', async ({ data: { id, task, options } }) => {
    try {
      const result = await tasks[task](options);
      scope.postMessage({ id, result }, result?.shown ? [result.shown] : []);
    } catch (error) {
      const { name, message, code, fields } = error;
      scope.postMessage({ id, error: { name, message, code, fields } });
    }
  });
  scope.postMessage({ ready: true });
}
