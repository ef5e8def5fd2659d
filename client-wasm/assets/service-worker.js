// Keeps the client itself on the device, so that it opens without a connection. Records are not
// its business: it never answers for the server's own addresses.
//
// `cargo xtask web` fills in the version and the files, each with the digest of its content.

const VERSION = "__VERSION__";
const FILES = "__FILES__";

const PREFIX = "meltemi-shell-";
const CACHE = PREFIX + VERSION;
/** The digests by the paths. */
const PATHS = new Map(FILES);
const SERVER = /^\/(sync|api|healthz|readyz|metrics)(\/|$)/;
/** Administration is not kept: it is nothing without the server. */
const OFFICE = "/office.html";

self.addEventListener("install", (event) => {
  event.waitUntil(keepFiles());
});

// Runs when no tab uses the version before this one any more.
self.addEventListener("activate", (event) => {
  event.waitUntil(removeOlderVersions().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (SERVER.test(url.pathname)) return;
  if (PATHS.has(url.pathname)) {
    event.respondWith(answer(url.pathname, request));
  } else if (url.pathname === OFFICE) {
    event.respondWith(fetch(request).catch(() => answer("/no-network.html", request)));
  } else if (request.mode === "navigate") {
    event.respondWith(answer("/index.html", request));
  }
});

/**
 * All files of this version or none: a digest that does not match makes the installation fail.
 *
 * Texts are kept of the languages that were used on this device, and not of all: those that the
 * version before has, and those that the browser has loaded already. They come last, as the page
 * may still be loading them.
 */
async function keepFiles() {
  const keep = (files) => Promise.all(files.map(([path]) => keepFile(path)));
  const hasLock = await caches.match("/lock/lock.js");
  await keep(FILES.filter(([path]) => !isText(path) && (hasLock || !isLock(path))));
  const kept = await Promise.all(FILES.filter(([path]) => isText(path)).map(keepUsed));
  if (kept.includes(true)) return;
  // The browser keeps nothing itself: the language that the screen begins in.
  const wanted = navigator.languages.map((tag) => `/locales/${tag.split("-")[0]}.json`);
  await keepFile(wanted.find((path) => PATHS.has(path)) ?? "/locales/en.json");
}

function isText(path) {
  return path.startsWith("/locales/");
}

/** Keeps texts if their language was used, and says whether it was. */
async function keepUsed([path, integrity]) {
  if (await caches.match(path)) {
    await keepFile(path);
    return true;
  }
  const options = { cache: "only-if-cached", mode: "same-origin", integrity };
  const loaded = await fetch(path, options).catch(() => undefined);
  if (!loaded?.ok) return false;
  await (await caches.open(CACHE)).put(path, loaded);
  return true;
}

async function keepFile(path) {
  const response = await file(path, PATHS.get(path));
  const cache = await caches.open(CACHE);
  await cache.put(path, response.clone());
  return response;
}

/**
 * The page has just loaded most files: what the browser has of them is right if its digest is, and
 * the server need not be asked again.
 */
async function file(path, integrity) {
  const address = path === "/index.html" ? "/" : path;
  const known = await fetch(address, { cache: "force-cache", integrity }).catch(() => undefined);
  if (known?.ok) return known;
  const fresh = await fetch(address, { cache: "reload", integrity });
  if (!fresh.ok) throw new Error(`${path} cannot be kept: ${fresh.status}`);
  return fresh;
}

async function removeOlderVersions() {
  const names = await caches.keys();
  const older = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  // What came into use since this version was kept. The parts of the program for PINs fit together
  // only if they are of one version.
  const paths = [...PATHS.keys()];
  const texts = paths.filter(isText).map((path) => [path]);
  for (const together of [...texts, paths.filter(isLock)]) await carryOver(together);
  await Promise.all(older.map((name) => caches.delete(name)));
}

/**
 * Keeps files of which an older version has some: as they are now, or else those as they were. What
 * is new with this version, the older ones do without.
 */
async function carryOver(paths) {
  const cache = await caches.open(CACHE);
  const here = await Promise.all(paths.map((path) => cache.match(path)));
  const before = await Promise.all(paths.map((path) => caches.match(path)));
  if (here.every(Boolean) || !before.some(Boolean)) return;
  const kept = await Promise.allSettled(paths.map((path) => keepFile(path)));
  if (kept.every(({ status }) => status === "fulfilled")) return;
  const had = paths.map((path, at) => before[at] && cache.put(path, before[at]));
  await Promise.all(had);
}

async function answer(path, request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(path);
  if (kept) return kept;
  if (!isText(path) && !isLock(path)) return fetch(request);
  // From now on this language, or the lock, is used on this device.
  return keepFile(path).catch(() => fetch(request));
}

/** The program for PINs is kept from the time on when somebody has one, also by later versions. */
function isLock(path) {
  return path.startsWith("/lock/");
}
