// The network: which backend computes it, whether it computes right, and what it says of pixels.

const BACKENDS = ['webgpu', 'webgl', 'wasm'];
const vendor = (name) => new URL(`../vendor/${name}`, import.meta.url).href;

const loads = {
  webgpu: () => import(vendor('tf-backend-webgpu.es2017.min.js')),
  webgl: () => import(vendor('tf-backend-webgl.es2017.min.js')),
  wasm: async () => {
    await import(vendor('tf-backend-wasm.es2017.min.js'));
    // One thread: several need headers that not every host sends.
    globalThis.tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    globalThis.tf.wasm.setWasmPaths(vendor(''));
  },
};

const offers = {
  webgpu: async () => {
    const adapter = await globalThis.navigator?.gpu?.requestAdapter();
    return Boolean(adapter) && !(adapter.isFallbackAdapter ?? adapter.info?.isFallbackAdapter);
  },
  // A graphics card that is computed by the processor is slower than WebAssembly.
  webgl: async () => {
    const canvas = typeof OffscreenCanvas === 'undefined'
      ? document.createElement('canvas') : new OffscreenCanvas(1, 1);
    const context = canvas.getContext('webgl2', { failIfMajorPerformanceCaveat: true });
    const told = context?.getExtension('WEBGL_debug_renderer_info');
    const renderer = told ? context.getParameter(told.UNMASKED_RENDERER_WEBGL) : '';
    context?.getExtension('WEBGL_lose_context')?.loseContext();
    return Boolean(context) && !/swiftshader|llvmpipe|software|basic render/i.test(renderer);
  },
  wasm: async () => typeof WebAssembly === 'object',
};

/** The picture of the self-check: numbers that anybody can make again, no picture of anything. */
export function checkPattern([height, width]) {
  const pixels = new Uint8Array(height * width * 3);
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      for (let channel = 0; channel < 3; channel += 1, at += 1) {
        pixels[at] = (x * 5 + y * 3 + channel * 71 + ((x * y) >> 5)) % 256;
      }
    }
  }
  return pixels;
}

let core = null;

/** Loads what every backend needs; called early, so that it is there when the rest comes. */
export function prepare() {
  core ??= import(vendor('tf-core.es2017.min.js'))
    .then(() => import(vendor('tf-converter.es2017.min.js')));
  return core;
}

/**
 * A fetch that keeps what it got where the service worker will look for it, so that no file of the
 * model is sent twice. What has another checksum than the build says is an error.
 */
function keepingFetch(build, writes) {
  if (!build || !globalThis.caches) return (address, options) => fetch(address, options);
  const root = new URL('../', import.meta.url);
  return async (address, options) => {
    const integrity = build.files[address.slice(root.href.length)];
    if (!integrity) return fetch(address, options);
    const cache = await caches.open(`dermbook-${root.pathname}#${build.id}`);
    const kept = await cache.match(address);
    if (kept) return kept;
    const answer = await fetch(address, { ...options, integrity });
    if (answer.ok) writes.push(cache.put(address, answer.clone()));
    return answer;
  };
}

export class Engine {
  /**
   * @param {object} page what the build wrote into page.json.
   * @param {string} wanted a backend to use alone, or "" for the fastest that computes right.
   */
  static async start(page, wanted = '') {
    await prepare();
    const tried = [];
    for (const backend of BACKENDS.includes(wanted) ? [wanted] : BACKENDS) {
      try {
        if (!wanted && !(await offers[backend]())) continue;
        const engine = await Engine.#open(page, backend);
        engine.tried = tried;
        return engine;
      } catch (error) {
        tried.push(`${backend}: ${error.message}`);
      }
    }
    throw new Error(tried.join('; ') || 'no backend');
  }

  static async #open(page, backend) {
    const { tf } = globalThis;
    await loads[backend]();
    if (!(await tf.setBackend(backend))) throw new Error('did not start');
    const engine = new Engine();
    Object.assign(engine, { page, backend });
    const writes = [];
    engine.model = await tf.loadGraphModel(
      new URL('../model/model.json', import.meta.url).href,
      { fetchFunc: keepingFetch(page.build, writes) },
    );
    await engine.#check();
    engine.kept = Promise.allSettled(writes); // a full disk keeps nothing, and all else works
    return engine;
  }

  /** The first computation is of a known input; what it must give is in page.json. */
  async #check() {
    const { probabilities } = await this.run(checkPattern(this.page.image_size));
    const { probabilities: expected, tolerance } = this.page.check;
    const apart = Math.max(...expected.map((value, index) => (
      Math.abs(value - probabilities[index]))));
    if (!(apart <= tolerance)) {
      this.model.dispose();
      throw new Error(`computes wrongly: ${apart} from what it should give`);
    }
    this.apart = apart;
  }

  /** Probabilities (n_classes), last feature maps (rows, columns, depth), and milliseconds. */
  async run(pixels) {
    const { tf } = globalThis;
    const begun = performance.now();
    const input = tf.tensor(Float32Array.from(pixels), [1, ...this.page.image_size, 3]);
    const found = [this.model.predict(input)].flat()
      .flatMap((value) => (value instanceof tf.Tensor ? [value] : Object.values(value)));
    const flat = found.find((tensor) => tensor.rank === 2);
    const maps = found.find((tensor) => tensor.rank === 4);
    const [probabilities, features] = await Promise.all([flat.data(), maps?.data()]);
    const shape = maps?.shape.slice(1);
    tf.dispose([input, ...found]);
    return { probabilities, features, shape, milliseconds: performance.now() - begun };
  }
}
