// Registers the service worker, and tells when the page is kept and when a newer one is ready.

/** Whether a worker's installation succeeded, once that is known. */
const installed = (worker) => new Promise((resolve) => {
  const look = () => {
    if (worker.state === 'redundant') resolve(false);
    else if (worker.state !== 'installing') resolve(true);
  };
  worker.addEventListener('statechange', look);
  look();
});

/** @throws {Error} where the browser does not keep the page. */
export async function keepOffline({ onKept, onUpdate }) {
  if (!navigator.serviceWorker) throw new Error('no service worker');
  const address = new URL('../sw.js', import.meta.url);
  const hadOne = Boolean(navigator.serviceWorker.controller);
  let wanted = false;
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    if (wanted) window.location.reload();
  });
  const registration = await navigator.serviceWorker.register(address, {
    updateViaCache: 'none',
  });
  const offer = (waiting) => onUpdate(() => {
    wanted = true;
    waiting.postMessage('activate');
  });
  if (registration.waiting && hadOne) offer(registration.waiting);
  let watched = null;
  const watch = async () => {
    const coming = registration.installing;
    if (!coming || coming === watched) return;
    watched = coming;
    if (await installed(coming) && navigator.serviceWorker.controller) offer(coming);
  };
  registration.addEventListener('updatefound', watch);
  watch(); // the update may have been found before
  if (!registration.active) {
    const first = registration.waiting ?? registration.installing;
    // "ready" would be waited for in vain.
    if (!first || !(await installed(first))) throw new Error('the installation failed');
  }
  await navigator.serviceWorker.ready;
  onKept();
}
