// Keeps the client itself on the device, so that it opens without a connection. Records are not
// its business: it never answers for the server's own addresses.
//
// `cargo xtask web` fills in the version and the files, each with the digest of its content.

const VERSION = "__VERSION__";
const FILES = "__FILES__";

const PREFIX = "meltemi-shell-";
const CACHE = PREFIX + VERSION;
const PATHS = new Set(FILES.map(([path]) => path));
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
 * The texts come last: the screen needs those of one language and has them already, the others
 * are for whoever changes the language without a connection.
 */
async function keepFiles() {
  const cache = await caches.open(CACHE);
  const isText = ([path]) => path.startsWith("/locales/");
  const hasLock = await caches.match("/lock/lock.js");
  const keep = (files) =>
    Promise.all(files.map(async ([path, integrity]) => cache.put(path, await file(path, integrity))));
  await keep(FILES.filter((file) => !isText(file) && (hasLock || !isLock(file[0]))));
  await keep(FILES.filter(isText));
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
  await Promise.all(older.map((name) => caches.delete(name)));
}

async function answer(path, request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(path);
  if (kept) return kept;
  const fresh = await fetch(request);
  if (isLock(path) && fresh.ok) await cache.put(path, fresh.clone());
  return fresh;
}

/** The program for PINs is kept from the time on when somebody has one, also by later versions. */
function isLock(path) {
  return path.startsWith("/lock/");
}
