/* Keeps the files of one build, so that the page works without a network. It answers requests
   for those files alone; pictures are never requested, so it never sees one. */

importScripts('build.js'); // self.BUILD: {id, files: {path: sha256 as in an integrity attribute}}

// A host may hold this page in several folders, and all share its caches. No path holds a "#".
const PREFIX = `dermbook-${new URL(self.registration.scope).pathname}#`;
const CACHE = PREFIX + self.BUILD.id; // js/engine.js writes there too

// Many hosts send "index.html" on to its folder. A browser refuses an answer that came so where
// it opens a page, so the answer is kept as if it had come at once.
const plain = (answer) => (answer.redirected ? new Response(answer.body, {
  status: answer.status, statusText: answer.statusText, headers: answer.headers,
}) : answer);

self.addEventListener('install', (event) => {
  const keep = async () => {
    const cache = await caches.open(CACHE);
    const files = { ...self.BUILD.files, 'build.js': '' };
    await Promise.all(Object.entries(files).map(async ([path, integrity]) => {
      if (await cache.match(path)) return; // the page has put it there
      // "no-cache" asks the host whether the copy at hand is the newest; few bytes if it is.
      const answer = await fetch(path, { cache: 'no-cache', integrity });
      if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
      await cache.put(path, plain(answer));
    }));
  };
  event.waitUntil(keep());
});

self.addEventListener('activate', (event) => {
  const tidy = async () => {
    const names = await caches.keys();
    const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || !request.url.startsWith(self.registration.scope)) return;
  const answer = async () => {
    const cache = await caches.open(CACHE);
    const root = request.url.split(/[?#]/)[0] === self.registration.scope;
    const wanted = root ? 'index.html' : request;
    return (await cache.match(wanted, { ignoreSearch: true })) ?? fetch(request);
  };
  event.respondWith(answer());
});

// A new build waits until the page says that its user wants it.
self.addEventListener('message', ({ data }) => {
  if (data === 'activate') self.skipWaiting();
});
