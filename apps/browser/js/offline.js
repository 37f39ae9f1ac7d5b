// Registers the service worker, and tells when the page is kept and when a newer one is ready.

export async function keepOffline({ onKept, onUpdate }) {
  if (!navigator.serviceWorker) return;
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
  registration.addEventListener('updatefound', () => {
    const coming = registration.installing;
    coming?.addEventListener('statechange', () => {
      if (coming.state === 'installed' && navigator.serviceWorker.controller) offer(coming);
    });
  });
  await navigator.serviceWorker.ready;
  onKept();
}
